import type { PoolConfig } from 'pg'
import { parseConnectionString, splitHosts } from '../config/connection-string.ts'
import { POOL_OPTIONS } from '../config/known-options.ts'
import type { PoolOptions } from '../config/options.ts'
import { describe } from '../errors/describe.ts'
import { isSameDatabase, targetOf, type Target } from './primary.ts'
import { invalidVariable, named, optionsOf, SWITCH, type Environment } from './variables.ts'

const PRIMARY = 'DATABASE_URL'
const REPLICAS = 'DATABASE_REPLICA_URLS'

/** The cluster as the environment describes it. */
export interface Registration {
  readonly primary: Target
  /** Options from each replica's address. */
  readonly replicas: readonly PoolConfig[]
  /** Default options for pools. */
  readonly options: PoolOptions
}

/**
 * Reads the environment: `undefined` when it is switched off, `'no-replicas'` when it names none. Throws
 * `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`, naming the variable.
 */
export function registrationOf(environment: Environment): Registration | 'no-replicas' | undefined {
  const { [SWITCH]: switched = 'on', [PRIMARY]: url, [REPLICAS]: list = '' } = environment
  if (switched === 'off') return undefined
  if (switched !== 'on') throw invalidVariable(SWITCH, 'must be "on" or "off"')
  const options = optionsOf(environment)
  const urls = addressesIn(list)
  if (urls.length === 0) return 'no-replicas'
  const base: PoolConfig = url ? { connectionString: url } : {}
  const primary = named(PRIMARY, () => {
    if (url) for (const each of splitHosts(url)) parseConnectionString('connectionString', each)
    return targetOf(base)
  })
  const replicas = urls.map((each, index) => replicaOf(each, `${REPLICAS}[${index}]`, primary))
  return { primary, replicas, options }
}

/**
 * Splits a list of addresses at white space, or at commas before a scheme: other commas separate the hosts of one
 * address.
 */
function addressesIn(list: string): readonly string[] {
  return list.split(/\s+|,(?=\s*[a-z]+:\/\/)/i).filter((address) => address !== '' && address !== ',')
}

function replicaOf(url: string, variable: string, primary: Target): PoolConfig {
  const fields = named(variable, () => parseConnectionString('connectionString', url)) as PoolConfig
  if (fields.host === undefined) throw invalidVariable(variable, 'must name a host')
  if (fields.database !== undefined && fields.database !== primary.database) {
    throw invalidVariable(
      variable,
      // Of a mistyped address the rest may be taken for the database, with the password in it.
      `must name the database of ${PRIMARY}, ${describe(primary.database)}, or none; ` +
        `received ${describe(fields.database)}`,
    )
  }
  return fields
}

/**
 * Returns the options with which a pool is created. A pool for another server or database stays unchanged, and so does
 * one with its own `replicas` or `discovery`.
 */
export function optionsFor(
  options: PoolOptions,
  { primary, replicas, options: more }: Registration,
): PoolOptions {
  const given = known(options)
  if (given.replicas !== undefined || given.discovery !== undefined) return given
  // A replication connection needs this very server.
  if (Reflect.get(given, 'replication')) return given
  const target = targetOrUndefined(given)
  if (target === undefined || !isSameDatabase(target, primary)) return given
  // Another role must not read with the privileges of the role in the addresses.
  const isSameRole = target.user === primary.user
  return { ...more, ...given, replicas: isSameRole ? replicas : replicas.map(withoutLogin) }
}

/** Selects the known options. pg.Pool ignores unknown ones, but this pool rejects them. */
function known(options: PoolOptions): PoolOptions {
  // The password may be non-enumerable.
  const names = [...POOL_OPTIONS].filter((name) => Reflect.get(options, name) !== undefined)
  return Object.fromEntries(names.map((name) => [name, Reflect.get(options, name) as unknown]))
}

/** Leaves errors in the options to node-postgres, with its own messages. */
function targetOrUndefined(options: PoolOptions): Target | undefined {
  try {
    return targetOf(options)
  } catch {
    return undefined
  }
}

function withoutLogin({ user: _user, password: _password, ...address }: PoolConfig): PoolConfig {
  return address
}
