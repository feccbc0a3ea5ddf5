import type { ClientConfig } from 'pg'
import type { Settings } from '../../src/test-cluster/options.ts'
import { dryRun } from '../../src/cli/dry-run/dry-run.ts'
import { runCommand } from '../support/cli.ts'
import { ask } from '../support/servers.ts'
import type { Run } from './transparency-run.ts'

/** With these a server logs every statement, in each format that there is. */
export const LOGGING: Settings = {
  logging_collector: 'on',
  log_destination: 'stderr,csvlog,jsonlog',
  log_rotation_size: 0,
  log_statement: 'all',
  log_min_duration_statement: 0,
  log_disconnections: 'on',
}

export type LogFormat = 'stderr' | 'csvlog' | 'jsonlog'

/** Reads the log of a server. */
export async function logOf(config: ClientConfig, format: LogFormat): Promise<string> {
  const [row] = await ask(config, 'select pg_read_file(pg_current_logfile($1)) as text', [format])
  return String(row?.['text'])
}

/** Share of the statements that are reads and run, or would run, on a replica. */
export interface Shares {
  readonly predicted: number
  readonly measured: number
}

/** Predicts from a log, with the database as it is now, and compares with what a routed pool has done. */
export async function sharesOf(
  log: string,
  url: string,
  routed: readonly Run[],
): Promise<Shares & { readonly report: string }> {
  const args = ['--log', '-', '--server', url, '--keep-clients', '--json']
  const { code, stdout, stderr } = await runCommand('dry-run', dryRun, args, log)
  if (code !== 0) throw new Error(stderr)
  const { statements, reads } = JSON.parse(stdout) as {
    statements: number
    reads: { replica: number }
  }
  return {
    predicted: reads.replica / statements,
    measured: routed.filter(({ byReplica }) => byReplica).length / routed.length,
    report: stdout,
  }
}
