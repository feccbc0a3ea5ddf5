import { SwitchyardError } from '../errors/error.ts'
import { inRootContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import { systemPlatform } from '../platform/system.ts'
import { LONGEST_TIMER_MS } from './limits.ts'
import { checkFunction, checkNames, checkObject, numberOption } from './validate.ts'

/**
 * The server and the login that a password is for: the part of node-postgres' connection parameters that matters.
 *
 * @example
 * const ask = async ({ host, user }: LoginTarget) => ({
 *   password: `${user}@${host}`,
 *   expiresAt: Date.now() + 900_000,
 * })
 */
export interface LoginTarget {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database?: string | undefined
}

/**
 * A password and the time until which it opens new connections.
 *
 * @example
 * const password: ExpiringPassword = { password: 's3cret', expiresAt: Date.now() + 900_000 }
 */
export interface ExpiringPassword {
  readonly password: string
  /** A date, or milliseconds since 1970. */
  readonly expiresAt: Date | number
}

/**
 * Fetches a password for one server.
 *
 * @example
 * const source: PasswordSource = async ({ host }) => ({
 *   password: await secretOf(host),
 *   expiresAt: Date.now() + 900_000,
 * })
 */
export type PasswordSource = (target: LoginTarget) => ExpiringPassword | Promise<ExpiringPassword>

/**
 * Options of `expiringPassword()`.
 *
 * @example
 * const options: ExpiringPasswordOptions = {}
 */
export interface ExpiringPasswordOptions {
  /**
   * How long before its expiry a password is replaced, in milliseconds. Meanwhile new connections still use it.
   * @defaultValue 60000
   */
  readonly refreshBeforeMs?: number | undefined
  /**
   * How long connections wait for a password, in milliseconds. After that they fail, and the next one has it fetched
   * again.
   * @defaultValue 10000
   */
  readonly timeoutMs?: number | undefined
  /**
   * Source of the time, in milliseconds since 1970.
   * @defaultValue the clock of the machine
   */
  readonly now?: (() => number) | undefined
}

/**
 * The option `password` of a pool as a function: it is called for each new connection, with the connection's server.
 *
 * @example
 * const password: PasswordFunction = expiringPassword(async () => ({
 *   password: 's3cret',
 *   expiresAt: Date.now() + 900_000,
 * }))
 */
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
 * is no valid password left. There are no timers, except while a password is fetched.
 *
 * The function rejects with `SWITCHYARD_NO_PASSWORD`, which has the failure of `fetch` as its cause. Throws
 * `SWITCHYARD_INVALID_OPTION` and `SWITCHYARD_UNKNOWN_OPTION`.
 *
 * @example
 * new Pool({
 *   password: expiringPassword(async ({ host }) => ({
 *     password: await secretOf(host),
 *     expiresAt: Date.now() + 900_000,
 *   })),
 * })
 */
export function expiringPassword(
  fetch: PasswordSource,
  options: ExpiringPasswordOptions = {},
): PasswordFunction {
  checkFunction('fetch', fetch)
  checkObject('options', options)
  checkNames(options, new Set(['refreshBeforeMs', 'timeoutMs', 'now']), 'expiringPassword()')
  const refreshBeforeMs = numberOption('refreshBeforeMs', options.refreshBeforeMs, 60_000, { min: 0 })
  const timeoutMs = numberOption('timeoutMs', options.timeoutMs, 10_000, { min: 1, max: LONGEST_TIMER_MS })
  const { now = () => systemPlatform.wallNowMs() } = options
  const kept = new Map<string, Kept>()
  const fetching = new Map<string, Promise<Kept>>()

  const renew = (key: string, target: LoginTarget): Promise<Kept> => {
    const running = fetching.get(key)
    if (running !== undefined) return running
    // Outside of the request that happens to open a connection.
    const fetched: Promise<Kept> = inRootContext(() => {
      const answer = (async () => checked(await fetch(target)))().then((fresh) => {
        const isLate = fetching.get(key) !== fetched
        const known = kept.get(key)
        // No connection waits for a late one. The next connection may use it, unless a newer one has been fetched
        // since.
        if (isLate && known !== undefined && known.expiresAtMs >= fresh.expiresAtMs) return fresh
        if (kept.size >= MOST_KEPT) kept.clear()
        kept.set(key, fresh)
        return fresh
      })
      return answered(answer, timeoutMs).finally(() => fetching.delete(key))
    })
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

/** Waits for an answer for a bounded time: all connections wait for it, and it may be lost. */
function answered(answer: Promise<Kept>, timeoutMs: number): Promise<Kept> {
  return new Promise((resolve, reject) => {
    const timer = deadline(systemPlatform, timeoutMs, () => {
      const message = `The function "fetch" has not answered within ${timeoutMs} ms`
      reject(new SwitchyardError('SWITCHYARD_NO_PASSWORD', message, { retryable: true }))
    })
    void answer.then(resolve, reject).finally(() => timer.cancel())
  })
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
    'The function "fetch" must return { password, expiresAt } with a string that is not empty, and a date or a number. ' +
      `Received "password" of type ${typeof password} and "expiresAt" of type ${typeof expiresAt}`,
  )
}
