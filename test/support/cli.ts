import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { runCli } from '../../src/cli/cli.ts'
import type { Command } from '../../src/cli/command.ts'
import type { ClusterNode } from '../../src/test-cluster/index.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command of `pg-switchyard` in this process. */
export async function runCommand(
  name: string,
  command: Command,
  args: readonly string[],
  stdin = '',
): Promise<Ran> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const io = { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr, env: {} }
  const code = await runCli([name, ...args], new Map([[name, command]]), io)
  stdout.end()
  stderr.end()
  return { code, stdout: await text(stdout), stderr: await text(stderr) }
}

/** The address of a node's database, as a connection string. */
export function urlOf(
  { config }: Pick<ClusterNode, 'config'>,
  other: Partial<ClusterNode['config']> = {},
): string {
  const { host, port, user, password, database } = { ...config, ...other }
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
  return `postgres://${login}@${host}:${port}/${database}`
}
