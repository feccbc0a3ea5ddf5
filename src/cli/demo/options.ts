import { parseConnectionString, splitHosts } from '../../config/connection-string.ts'
import { SwitchyardError } from '../../errors/error.ts'
import { usageError } from '../command.ts'
import { parseFlags, wholeNumber, type Flags } from '../flags.ts'

/** The user's own servers, as connection strings. */
export interface OwnServers {
  readonly primary: string
  readonly replicas: readonly string[]
}

export interface DemoOptions {
  /** How long the load runs. */
  readonly seconds: number
  /** Number of replicas to start, or of the user's own ones. */
  readonly replicas: number
  /** Seed of the users' randomness. */
  readonly seed: number
  readonly json: boolean
  /** Port of the live page. Absent without a page. */
  readonly pagePort: number | undefined
  /** Absent: the demo starts its own servers. */
  readonly servers: OwnServers | undefined
}

const MOST_SECONDS = 86_400
const DEFAULT_SECONDS = 15
const DEFAULT_SECONDS_WITH_PAGE = 300
const DEFAULT_PORT = 7400
const LARGEST_PORT = 65_535
const MOST_REPLICAS = 16
const LARGEST_SEED = 2 ** 32 - 1

export const demoHelp: string = `[options]

Starts a PostgreSQL primary with streaming replicas, fills a small shop, runs
its users through the pool and shows where their statements go. On the way one
replica's replay is paused, and later the replica is killed and brought back.
Users write and read back what they wrote. Afterwards everything is removed.

  --seconds N      how long the load runs, above 0 (default ${DEFAULT_SECONDS}, with --page
                   ${DEFAULT_SECONDS_WITH_PAGE}); the whole story needs 5
  --replicas N     number of replicas to start, 1 to ${MOST_REPLICAS} (default 2)
  --seed N         seed of the users' randomness, a whole number (default 1)
  --json           print one JSON object instead of a table
  --page           serve the live page of the pool on this machine, and print
                   its address
  --port N         port of the page, 0 for any free one (default ${DEFAULT_PORT})
  --primary URL    run on servers of your own, in a schema that is dropped
                   afterwards; no server is paused or killed
  --replica URL    a replica of that primary; give it once for each

The exit code is 0 when no user saw an error or a stale read, 1 when one did or
the demo could not run, and 2 when these options are wrong.
`

/** Parses the options. Throws a usage error that names the option, the legal values and the received one. */
export function parseDemoOptions(args: readonly string[]): DemoOptions {
  const flags = parseFlags(args, {
    seconds: 'value',
    replicas: 'value',
    seed: 'value',
    json: 'boolean',
    page: 'boolean',
    port: 'value',
    primary: 'value',
    replica: 'list',
  })
  const pagePort = pagePortOf(flags)
  const defaultSeconds = pagePort === undefined ? DEFAULT_SECONDS : DEFAULT_SECONDS_WITH_PAGE
  const seconds = numberOf(flags, 'seconds', defaultSeconds)
  if (!(seconds > 0 && seconds <= MOST_SECONDS)) {
    throw outOfRange(flags, 'seconds', `a number above 0 and at most ${MOST_SECONDS}`)
  }
  const replicas = numberOf(flags, 'replicas', 2)
  if (!(Number.isInteger(replicas) && replicas >= 1 && replicas <= MOST_REPLICAS)) {
    throw outOfRange(flags, 'replicas', `a whole number from 1 to ${MOST_REPLICAS}`)
  }
  const seed = numberOf(flags, 'seed', 1)
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= LARGEST_SEED)) {
    throw outOfRange(flags, 'seed', `a whole number from 0 to ${LARGEST_SEED}`)
  }
  const servers = ownServersOf(flags)
  return {
    seconds,
    replicas: servers?.replicas.length ?? replicas,
    seed,
    json: flags.has('json'),
    pagePort,
    servers,
  }
}

function pagePortOf(flags: Flags): number | undefined {
  const port = wholeNumber(flags, 'port', { defaultValue: DEFAULT_PORT, min: 0, max: LARGEST_PORT })
  if (flags.has('page')) return port
  if (flags.has('port')) throw usageError('"--port" is the port of the page: add "--page"')
  return undefined
}

function ownServersOf(flags: Flags): OwnServers | undefined {
  const primary = flags.value('primary')
  const replicas = flags.list('replica')
  if (primary === undefined && replicas.length === 0) return undefined
  if (primary === undefined)
    throw usageError('"--replica" needs the primary that it follows: "--primary URL"')
  if (replicas.length === 0) throw usageError('"--primary" needs at least one "--replica URL"')
  if (flags.has('replicas')) {
    throw usageError(
      '"--replicas" starts replicas, so it cannot be combined with "--primary" and "--replica"',
    )
  }
  checkUrl('--primary', primary)
  for (const replica of replicas) checkUrl('--replica', replica)
  return { primary, replicas }
}

/** Validates a URL. Errors do not contain it: it may have a password. */
function checkUrl(flag: string, url: string): void {
  if (!/^postgres(?:ql)?:\/\//i.test(url)) {
    throw usageError(`Option "${flag}" must be an address such as postgres://user@host:5432/database`)
  }
  if (splitHosts(url).length > 1) {
    throw usageError(`Option "${flag}" must name one host; give "--replica" once for each replica`)
  }
  try {
    parseConnectionString(flag, url)
  } catch (error) {
    throw error instanceof SwitchyardError ? usageError(error.message) : error
  }
}

/** Parses a decimal number; NaN for any other text. */
function numberOf(flags: Flags, name: string, defaultValue: number): number {
  const text = flags.value(name)
  if (text === undefined) return defaultValue
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN
}

function outOfRange(flags: Flags, name: string, legal: string): Error {
  return usageError(`Option "--${name}" must be ${legal}; received "${flags.value(name)?.slice(0, 40)}"`)
}
