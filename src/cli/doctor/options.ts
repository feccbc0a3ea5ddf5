import type { ClientConfig } from 'pg'
import { addressOf } from '../address.ts'
import { usageError } from '../command.ts'
import { parseFlags, wholeNumber } from '../flags.ts'
import type { Expectations } from './facts.ts'

export interface DoctorOptions {
  readonly primary: ClientConfig
  readonly replicas: readonly ClientConfig[]
  /** Path of a JSON file with declarations. */
  readonly declaredFile: string | undefined
  readonly expected: Expectations
  readonly json: boolean
  /** Warnings fail the command. */
  readonly strict: boolean
}

export const doctorHelp: string = `--primary URL --replica URL [options]

Checks a deployment and says what to do: logins, roles, lag, settings, connections, what keeps statements on the
primary, and the health of the servers. It only reads, over two connections to each node.

  --primary URL    the primary, with the login that the pool uses
  --replica URL    a replica of it; give it once for each. What its address leaves out is that of the primary
  --processes N    number of processes that have a pool (default 1)
  --max N          the pools' option "max" (default 10)
  --max-lag MS     how long a replica may take to replay what the primary has written (default 1000)
  --slow MS        a query that takes longer is slow (default 5000)
  --declared FILE  the pool's option "declared" as JSON
  --strict         warnings fail, too
  --json           print one JSON object

The exit code is 0 when nothing of level "error" was found, 1 when something was, and 2 when these options are wrong or
a node cannot be reached.
`

const MOST = 1_000_000

/** Parses the options. Throws a usage error that contains no address. */
export function parseDoctorOptions(args: readonly string[]): DoctorOptions {
  const flags = parseFlags(args, {
    primary: 'value',
    replica: 'list',
    processes: 'value',
    max: 'value',
    'max-lag': 'value',
    slow: 'value',
    declared: 'value',
    strict: 'boolean',
    json: 'boolean',
  })
  const url = flags.value('primary')
  if (url === undefined) throw usageError('Option "--primary" is missing: the address of the primary')
  const primary = addressOf('--primary', url)
  const { host: _host, port: _port, ...inherited } = primary
  return {
    primary,
    replicas: flags.list('replica').map((each) => ({ ...inherited, ...addressOf('--replica', each) })),
    declaredFile: flags.value('declared'),
    expected: {
      processes: wholeNumber(flags, 'processes', { defaultValue: 1, min: 1, max: MOST }),
      max: wholeNumber(flags, 'max', { defaultValue: 10, min: 1, max: MOST }),
      maxLagMs: wholeNumber(flags, 'max-lag', { defaultValue: 1_000, min: 1, max: MOST }),
      slowMs: wholeNumber(flags, 'slow', { defaultValue: 5_000, min: 1, max: 86_400_000 }),
    },
    json: flags.has('json'),
    strict: flags.has('strict'),
  }
}
