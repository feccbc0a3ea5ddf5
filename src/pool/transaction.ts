import type { PoolClient, QueryConfig } from 'pg'
import { isStaleOptimistic } from '../client/stale-transaction.ts'
import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import { beforeRound } from '../execution/backoff.ts'
import { failureOf } from '../execution/failure.ts'
import { outcomeOf, withOutcome } from '../errors/outcome.ts'
import { isServerError } from '../platform/server-error.ts'
import type { Platform } from '../platform/platform.ts'
import { systemPlatform } from '../platform/system.ts'
import type { RouteRequest } from '../routing/decide.ts'
import { clientThrough } from './connect-through.ts'
import type { PgPool } from './pool-base.ts'
import { beginOf, checkTransactionOptions, type TransactionOptions } from './transaction-options.ts'

/** Serialization failure and deadlock: the same transaction may succeed when it is run again. */
const GIVEN_UP: ReadonlySet<unknown> = new Set(['40001', '40P01'])

/** Bounds how deep a cause is looked for: ORMs wrap errors in errors of their own, which may be wrapped again. */
const DEEPEST_CAUSE = 8

export interface TransactionRunnerOptions {
  readonly connect: () => Promise<PoolClient>
  readonly platform: Platform
}

/** The statement that begins it. */
type Begin = string | (QueryConfig & RouteRequest)

/** Result of one attempt. */
type Attempt<T> =
  | { readonly committed: true; readonly value: T }
  | { readonly committed: false; readonly error: unknown; readonly isGivenUp: boolean }

/** Implements `transaction()` of a pool over a client of its `connect()`. */
export async function transactionOver<T>(
  pool: PgPool,
  fn: (client: PoolClient) => T | Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  if (typeof fn !== 'function') throw new TypeError('transaction() needs a function to run')
  checkTransactionOptions(options)
  return runTransaction({ connect: () => clientThrough(pool), platform: systemPlatform }, fn, options)
}

/**
 * Runs `fn` in a transaction. Runs it again, at most `retries` times, after a serialization failure or a deadlock. Runs
 * it once more on the primary if it could not continue there.
 */
export async function runTransaction<T>(
  { connect, platform }: TransactionRunnerOptions,
  fn: (client: PoolClient) => T | Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const { optimistic, retries = 0 } = options
  const text = beginOf(options)
  let begin: Begin = optimistic === undefined ? text : { text, optimistic }
  let isOnPrimary = false
  for (let retry = 0; ; retry++) {
    const attempt = await attemptOnce(await connect(), fn, begin)
    if (attempt.committed) return attempt.value
    if (attempt.isGivenUp && !isOnPrimary && isOptimisms(attempt.error)) {
      begin = { text, route: 'primary' }
      isOnPrimary = true
      retry -= 1
      continue
    }
    if (!attempt.isGivenUp || retry >= retries) throw attempt.error
    await new Promise<void>((resolve) => beforeRound(retry + 2, platform, resolve))
  }
}

async function attemptOnce<T>(
  client: PoolClient,
  fn: (client: PoolClient) => T | Promise<T>,
  begin: Begin,
): Promise<Attempt<T>> {
  const release: (error?: Error) => void = Reflect.get(client, 'release')
  const giveBack = (error?: Error): void => {
    Object.assign(client, { release })
    release(error)
  }
  Object.assign(client, { release: refuseRelease })
  try {
    await client.query(begin)
  } catch (error) {
    giveBack(asError(error))
    return { committed: false, error, isGivenUp: false }
  }
  let value: T
  try {
    value = await fn(client)
  } catch (error) {
    // A function that has ended its transaction itself may have committed, and must not run again.
    const isGivenUp = isGivenUpBy(error) && client.getTransactionStatus() !== 'I'
    giveBack(await rollBack(client))
    return { committed: false, error, isGivenUp }
  }
  try {
    const { command } = await client.query('COMMIT')
    giveBack()
    return command === 'ROLLBACK'
      ? { committed: false, error: abortedError(), isGivenUp: false }
      : { committed: true, value }
  } catch (error) {
    // Without an answer of the server the connection cannot be used any more.
    const isAnswered = isServerError(error) && failureOf(error) !== 'node'
    if (!isAnswered) withOutcome(asError(error), 'unknown')
    giveBack(isAnswered ? undefined : asError(error))
    return { committed: false, error, isGivenUp: isGivenUpBy(error) }
  }
}

/** Resolves with the error when the connection cannot be used any more. */
async function rollBack(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return asError(error)
  }
}

/** An error and what it wraps. */
function* causesOf(thrown: unknown): Iterable<Error> {
  let error = thrown
  for (let depth = 0; depth < DEEPEST_CAUSE && error instanceof Error; depth++) {
    yield error
    error = error.cause
  }
}

function isOptimisms(thrown: unknown): boolean {
  for (const error of causesOf(thrown)) if (isStaleOptimistic(error)) return true
  return false
}

function isGivenUpBy(thrown: unknown): boolean {
  for (const error of causesOf(thrown)) {
    if (outcomeOf(error) === 'unknown') return false
    if (GIVEN_UP.has(Reflect.get(error, 'code'))) return true
    // The error of a replica that may not have replayed what the statement needs.
    if (isServerError(error) && Reflect.get(error, 'retryable') === true) return true
  }
  return false
}

function refuseRelease(): never {
  throw new Error('The client of transaction() is given back when the function has ended; do not release it')
}

function abortedError(): SwitchyardError {
  const message =
    'The transaction was rolled back, not committed: a statement in it had failed, and its error did not ' +
    'leave the function'
  return withOutcome(
    new SwitchyardError('SWITCHYARD_TRANSACTION_ABORTED', message),
    'rolled-back',
  ) as SwitchyardError
}
