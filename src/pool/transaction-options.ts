import { checkNames, checkObject, choiceOption, invalid } from '../config/validate.ts'
import { describe } from '../errors/describe.ts'
import type { IsolationLevel } from '../statement/statement.ts'

/** How `pool.transaction()` runs its function. */
export interface TransactionOptions {
  /** @defaultValue as the database, the role or the connection has it */
  readonly isolation?: IsolationLevel | undefined
  /**
   * True: it only reads, and runs on a replica that shows what its session has written; with `serializable` on the primary.
   * @defaultValue as the database, the role or the connection has it
   */
  readonly readOnly?: boolean | undefined
  /**
   * With `serializable` and `readOnly`: waits for a moment from which on it can neither fail nor make others fail.
   * @defaultValue false
   */
  readonly deferrable?: boolean | undefined
  /**
   * How often the function is run again when PostgreSQL gives the transaction up for the sake of others: 40001
   * (serialization failure) and 40P01 (deadlock). Each time it begins anew, so what it does outside of the database must bear
   * that. An integer from 0 to 100.
   * @defaultValue 0
   */
  readonly retries?: number | undefined
}

const NAMES: ReadonlySet<string> = new Set(['isolation', 'readOnly', 'deferrable', 'retries'])
const LEVELS: readonly IsolationLevel[] = [
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
]
const MOST_RETRIES = 100

/** Throws `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`. */
export function checkTransactionOptions(options: TransactionOptions): void {
  checkObject('transaction', options)
  checkNames(options, NAMES, 'a transaction')
  const { isolation, readOnly, deferrable, retries } = options
  if (isolation !== undefined) choiceOption('isolation', isolation, 'read committed', LEVELS)
  for (const [name, value] of Object.entries({ readOnly, deferrable })) {
    if (value === undefined || typeof value === 'boolean') continue
    throw invalid(`Option "${name}" of a transaction must be true or false; received ${describe(value)}`)
  }
  const fits = retries === undefined || (Number.isInteger(retries) && retries >= 0 && retries <= MOST_RETRIES)
  if (fits) return
  throw invalid(
    `Option "retries" of a transaction must be an integer from 0 to ${MOST_RETRIES}; received ${describe(retries)}`,
  )
}

/** The statement that begins such a transaction. */
export function beginOf({ isolation, readOnly, deferrable }: TransactionOptions): string {
  const words = ['BEGIN']
  if (isolation !== undefined) words.push(`ISOLATION LEVEL ${isolation.toUpperCase()}`)
  if (readOnly !== undefined) words.push(readOnly ? 'READ ONLY' : 'READ WRITE')
  if (deferrable !== undefined) words.push(deferrable ? 'DEFERRABLE' : 'NOT DEFERRABLE')
  return words.join(' ')
}
