import type { PoolClient } from 'pg'
import type { ServerNode } from '../nodes/server-node.ts'
import { inThisContext } from '../platform/async-context.ts'
import { isLoginRefusal } from '../topology/login-refusal.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { failureOf, type Failure } from './failure.ts'

/** Receives the error of a failed connection attempt, and its classification. */
export type Refused = (error: Error, failure: Failure) => void

/**
 * Leases a connection to a node. Exactly one callback is called, once, in the async context of this call.
 * @param server Absent when the node has been removed.
 * @param custom Custom settings that its user makes. Absent: none.
 */
export function connect(
  node: NodeView,
  server: ServerNode | undefined,
  connected: (client: PoolClient) => void,
  refused: Refused,
  custom?: ReadonlySet<string>,
): void {
  if (server === undefined) {
    return refused(new Error(`${node.id} is no longer a node of the cluster`), 'busy')
  }
  // pg-pool hands connections over in the async context of the caller that released them.
  const handedOver = inThisContext((error: Error | undefined, client?: PoolClient): void => {
    if (client !== undefined) return connected(client)
    const cause = error ?? new Error('Connection terminated unexpectedly')
    // A primary that refuses the login does so for every statement. Another replica may accept it.
    const failure = failureOf(cause)
    const isOfReplica = failure === 'statement' && node.role === 'replica'
    if (isOfReplica) refused(cause, isLoginRefusal(cause) ? 'node' : 'busy')
    else refused(cause, failure)
  })
  server.lease(handedOver, custom)
}
