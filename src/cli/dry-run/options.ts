import type { ClientConfig } from 'pg'
import { addressOf } from '../address.ts'
import { usageError } from '../command.ts'
import { parseFlags } from '../flags.ts'

/** Where the traffic comes from. */
export type SourceOption =
  | { readonly kind: 'statements-view'; readonly server: ClientConfig }
  | { readonly kind: 'log' | 'file'; readonly path: string }

export interface DryRunOptions {
  readonly source: SourceOption
  /** The database whose catalog to load. Absent: texts alone decide. */
  readonly server: ClientConfig | undefined
  readonly declaredFile: string | undefined
  readonly isOptimistic: boolean
  readonly keepsClients: boolean
  readonly json: boolean
}

export const dryRunHelp: string = `--server URL [options]
       pg-switchyard dry-run --log FILE [--server URL] [options]
       pg-switchyard dry-run --file FILE [--server URL] [options]

Says what routing would do to the traffic of a running system: the share that leaves the primary, what stays and why, and
what would have to change. Nothing is run.

  --server URL     the database of the traffic: its functions and tables decide. Without --log and --file, the traffic
                   is what pg_stat_statements has counted there
  --log FILE       a log of PostgreSQL with the statements: stderr, csvlog or jsonlog; "-" is standard input
  --file FILE      a script, or lines {"sql": "…", "calls": 5, "ms": 12.5, "session": "a"}; "-" is standard input
  --optimistic     as with the pool's option transactions: 'optimistic'
  --keep-clients   each connection is one client: what it leaves there, such as a temporary table, keeps its reads on
                   the primary until it closes. Otherwise clients are released behind each statement or transaction
  --declared FILE  the pool's option "declared" as JSON
  --json           print one JSON object

The exit code is 0 when there was traffic, 1 when there was none, and 2 when these options are wrong, a file cannot be
read or the server cannot be asked.
`

/** Parses the options. Throws a usage error that contains no address. */
export function parseDryRunOptions(args: readonly string[]): DryRunOptions {
  const flags = parseFlags(args, {
    server: 'value',
    log: 'value',
    file: 'value',
    declared: 'value',
    optimistic: 'boolean',
    'keep-clients': 'boolean',
    json: 'boolean',
  })
  const [url, log, file] = [flags.value('server'), flags.value('log'), flags.value('file')]
  const server = url === undefined ? undefined : addressOf('--server', url)
  if (log !== undefined && file !== undefined) {
    throw usageError('"--log" and "--file" are two sources: give one of them')
  }
  return {
    source: sourceOf(server, log, file),
    server,
    declaredFile: flags.value('declared'),
    isOptimistic: flags.has('optimistic'),
    keepsClients: flags.has('keep-clients'),
    json: flags.has('json'),
  }
}

function sourceOf(
  server: ClientConfig | undefined,
  log: string | undefined,
  file: string | undefined,
): SourceOption {
  if (log !== undefined) return { kind: 'log', path: log }
  if (file !== undefined) return { kind: 'file', path: file }
  if (server !== undefined) return { kind: 'statements-view', server }
  throw usageError('Give the traffic: "--server URL", "--log FILE" or "--file FILE"')
}
