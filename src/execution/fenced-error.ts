import { SwitchyardError } from '../errors/error.ts'
import { withOutcome } from '../errors/outcome.ts'
import type { NodeId } from '../topology/node.ts'

/** A client holds a connection to a server that the cluster has left behind: what it would write there would be lost. */
export function fencedError(node: NodeId): Error {
  const message = `${node} is no longer the primary, though it takes writes: nothing is written there. Release the client`
  return withOutcome(new SwitchyardError('SWITCHYARD_FENCED', message, { retryable: true }), 'rolled-back')
}
