import { SwitchyardError } from '../errors/error.ts'
import { withOutcome, type WriteOutcome } from '../errors/outcome.ts'
import type { NodeId } from '../topology/node.ts'

/**
 * Creates the error for a client that holds a connection to an old primary, where its writes would be lost.
 * @param outcome What became of its transaction. @defaultValue 'rolled-back'
 */
export function fencedError(node: NodeId, outcome: WriteOutcome = 'rolled-back'): Error {
  const message =
    `${node} is no longer the primary, although it takes writes: nothing is written there. ` +
    'Release the client'
  return withOutcome(new SwitchyardError('SWITCHYARD_FENCED', message, { retryable: true }), outcome)
}

/** Creates the error for a new connection to the primary that has reached a standby. */
export function standbyError(node: NodeId): Error {
  const message = `${node} is no longer the primary: a new connection has reached a standby`
  return withOutcome(new SwitchyardError('SWITCHYARD_FENCED', message, { retryable: true }), 'not-sent')
}

/** Creates the error for a read whose replica may show less than it did when the read was planned. */
export function restartedError(node: NodeId): Error {
  return new Error(`${node} has restarted since the read was planned`)
}
