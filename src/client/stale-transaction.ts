import { DatabaseError } from '../platform/pg.ts'
import type { Kind } from './beginnings.ts'

const optimistic = new WeakSet<Error>()

/**
 * Creates PostgreSQL's error for a transaction that has to run again, because its reads on a replica cannot be
 * continued on the primary. Tools recognize it by its SQLSTATE.
 * @param detail Without parameters or values of rows.
 */
export function staleTransactionError(kind: Kind, detail: string): Error {
  const message =
    'could not serialize access: a transaction that began on a replica could not continue on ' +
    'the primary with what it has read'
  const error = new DatabaseError(message, message.length, 'error')
  if (kind === 'optimistic') optimistic.add(error)
  return Object.assign(error, {
    severity: 'ERROR',
    code: '40001',
    detail,
    hint: "Run the transaction again. Begin it with { route: 'primary' } if it always needs the primary.",
    retryable: true,
  })
}

/** Whether an optimistic transaction has failed because it began on a replica. */
export function isStaleOptimistic(error: Error): boolean {
  return optimistic.has(error)
}
