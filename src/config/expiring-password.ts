import { SwitchyardError } from '../errors/error.ts'
import { inRootContext } from '../platform/async-context.ts'
import { systemPlatform } from '../platform/system.ts'
import { checkFunction, checkNames, checkObject, numberOption } from './validate.ts'

/** The server and the login that a password is for: the part of node-postgres' connection parameters that matters. */
export interface LoginTarget {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database?: string | undefined
}

/** A password and the time until which it opens new connections. */
export interface ExpiringPassword {
  readonly password: string
  /** A date, or milliseconds since 1970. */
  readonly expiresAt: Date | number
}

/** Fetches a password for one server. */
export type PasswordSource = (target: LoginTarget) => ExpiringPassword | Promise<ExpiringPassword>

/** Options of `expiringPassword()`. */
export interface ExpiringPasswordOptions {
  /**
   * How long before its expiry a password is replaced, in milliseconds. Meanwhile new connections still use it.
   * @defaultValue 60000
   */
  readonly refreshBeforeMs?: number | undefined
  /**
   * Source of the time, in milliseconds since 1970.
   * @defaultValue the clock of the machine
   */
  readonly now?: (() => number) | undefined
}

/** The option `password` of a pool as a function: it is called for each new connection, with the connection's server. */
export type PasswordFunction = (target?: unknown) => Promise<string>

interface Kept {
  readonly password: string
  readonly expiresAtMs: number
}

/** Number of servers and logins whose passwords are kept. */
const MOST_KEPT = 1_000

/**
 * Returns an option `password` that keeps the passwords of `fetch`, one for each server and user, until they expire.
 * Shortly before, the next connection fetches another one in the background. A failed fetch is only reported when there
 * is no valid password left. There are no timers.
 *
 * The function rejects with `SWITCHYARD_NO_PASSWORD`, which has the failure of `fetch` as its cause. Throws
 * `SWITCHYARD_INVALID_OPTION` and `SWITCHYARD_UNKNOWN_OPTION`.
 */
export function expiringPassword(
  fetch: PasswordSource,
  options: ExpiringPasswordOptions = {},
): PasswordFunction {
  checkFunction('fetch', fetch)
  checkObject('options', options)
  checkNames(options, new Set(['refreshBeforeMs', 'now']), 'expiringPassword()')
  const refreshBeforeMs = numberOption('refreshBeforeMs', options.refreshBeforeMs, 60_000, { min: 0 })
  const { now = () => systemPlatform.wallNowMs() } = options
  const kept = new Map<string, Kept>()
  const fetching = new Map<string, Promise<Kept>>()

  const renew = (key: string, target: LoginTarget): Promise<Kept> => {
    const running = fetching.get(key)
    if (running !== undefined) return running
    // Outside of the request that happens to open a connection.
    const fetched = inRootContext(async () => checked(await fetch(target)))
      .then((fresh) => {
        if (kept.size >= MOST_KEPT) kept.clear()
        kept.set(key, fresh)
        return fresh
      })
      .finally(() => fetching.delete(key))
    fetching.set(key, fetched)
    return fetched
  }

  return async (given) => {
    const target = targetOf(given)
    const key = JSON.stringify([target.host, target.port, target.user])
    const known = kept.get(key)
    const leftMs = known === undefined ? 0 : known.expiresAtMs - now()
    if (known !== undefined && leftMs > 0) {
      if (leftMs <= refreshBeforeMs) renew(key, target).catch(() => {})
      return known.password
    }
    try {
      return (await renew(key, target)).password
    } catch (cause) {
      const message = `No password for user "${target.user}" at ${target.host}:${target.port}`
      throw new SwitchyardError('SWITCHYARD_NO_PASSWORD', message, { cause, retryable: true })
    }
  }
}

/** Reads node-postgres' connection parameters. */
function targetOf(given: unknown): LoginTarget {
  const { database, host, port, user } = (given ?? {}) as Partial<LoginTarget>
  if (typeof host === 'string' && typeof user === 'string' && Number.isInteger(port)) {
    return { host, port: Number(port), user, database }
  }
  const message = 'node-postgres has not passed the server to the function "password"; it does so as of 8.21'
  throw new SwitchyardError('SWITCHYARD_NO_PASSWORD', message)
}

/** Messages never show what was received, as it may be the password. */
function checked(given: unknown): Kept {
  const { expiresAt, password } = (given ?? {}) as Partial<ExpiringPassword>
  const expiresAtMs = Number(expiresAt)
  if (typeof password === 'string' && password !== '' && Number.isFinite(expiresAtMs)) {
    return { password, expiresAtMs }
  }
  throw new SwitchyardError(
    'SWITCHYARD_INVALID_OPTION',
    'The function "fetch" must return { password, expiresAt } with a string that is not empty, and a date or a number; ' +
      `received "password" of type ${typeof password} and "expiresAt" of type ${typeof expiresAt}`,
  )
}
