import { checkNames, checkObject, choiceOption, invalid } from '../config/validate.ts'
import { describe } from '../errors/describe.ts'
import type { IsolationLevel } from '../statement/statement.ts'

/**
 * Options of `pool.transaction()`.
 *
 * @example
 * const options: TransactionOptions = { isolation: 'serializable', retries: 3 }
 */
export interface TransactionOptions {
  /** Isolation level. @defaultValue as the database, the role or the connection has it */
  readonly isolation?: IsolationLevel | undefined
  /**
   * True: the transaction only reads, and runs on a replica that shows what its session has written. With
   * `serializable` it runs on the primary.
   * @defaultValue as the database, the role or the connection has it
   */
  readonly readOnly?: boolean | undefined
  /**
   * With `serializable` and `readOnly`: the transaction waits for a snapshot with which it can neither fail nor make
   * others fail.
   * @defaultValue false
   */
  readonly deferrable?: boolean | undefined
  /**
   * The number of times that the function is run again after a serialization failure (40001) or a deadlock (40P01).
   * Each time it runs from its beginning, so its effects outside of the database must allow that. An integer from 0 to
   * 100.
   * @defaultValue 0
   */
  readonly retries?: number | undefined
  /**
   * True: the transaction begins on a replica that shows what its session has written. It moves to the primary at the
   * first statement that is not a proven read. Its reads until then run again there, and their results are compared. If
   * it has changed, the function runs once more, on the primary, so its effects outside of the database must allow
   * that. Has no effect with `serializable`.
   * @defaultValue the pool's `transactions`
   */
  readonly optimistic?: boolean | undefined
}

const NAMES: ReadonlySet<string> = new Set(['isolation', 'readOnly', 'deferrable', 'retries', 'optimistic'])
const LEVELS: readonly IsolationLevel[] = [
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
]
const MOST_RETRIES = 100

/** Validates the options. Throws `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`. */
export function checkTransactionOptions(options: TransactionOptions): void {
  checkObject('transaction', options)
  checkNames(options, NAMES, 'a transaction')
  const { isolation, readOnly, deferrable, retries, optimistic } = options
  if (isolation !== undefined) choiceOption('isolation', isolation, 'read committed', LEVELS)
  for (const [name, value] of Object.entries({ readOnly, deferrable, optimistic })) {
    if (value === undefined || typeof value === 'boolean') continue
    throw invalid(`Option "${name}" of a transaction must be true or false; received ${describe(value)}`)
  }
  const fits = retries === undefined || (Number.isInteger(retries) && retries >= 0 && retries <= MOST_RETRIES)
  if (fits) return
  throw invalid(
    `Option "retries" of a transaction must be an integer from 0 to ${MOST_RETRIES}; received ${describe(retries)}`,
  )
}

/** Returns the statement that begins such a transaction. */
export function beginOf({ isolation, readOnly, deferrable }: TransactionOptions): string {
  const words = ['BEGIN']
  if (isolation !== undefined) words.push(`ISOLATION LEVEL ${isolation.toUpperCase()}`)
  if (readOnly !== undefined) words.push(readOnly ? 'READ ONLY' : 'READ WRITE')
  if (deferrable !== undefined) words.push(deferrable ? 'DEFERRABLE' : 'NOT DEFERRABLE')
  return words.join(' ')
}
