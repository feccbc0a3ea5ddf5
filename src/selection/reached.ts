import type { Freshness } from '../routing/route.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import { rejectionOf } from './eligibility.ts'
import { mayCatchUp } from './plan.ts'

/** Verdict on the server that a connection through a shared address has reached. */
export type Reached =
  /** It may serve the read. `server` is the node with this server's own state. */
  | { readonly is: 'fit'; readonly server: NodeView }
  /** It may in a moment. */
  | { readonly is: 'behind' }
  /** It is not known to be as fresh as the read needs. */
  | { readonly is: 'passed-over' }
  /** It cannot serve the read. Another connection may reach another server. */
  | { readonly is: 'unfit' }

/**
 * Judges a server by its own answer, with the same rules as a replica that was probed. Pure.
 *
 * @param mayBeUnmeasured Whether a server of unknown lag may serve the read.
 */
export function judgeReached(
  server: NodeView,
  freshness: Freshness,
  snapshot: Snapshot,
  mayBeUnmeasured: boolean,
  nowMs: number,
): Reached {
  if (server.role !== 'replica') return { is: 'unfit' }
  const rejection = rejectionOf(server, freshness, snapshot, nowMs)
  switch (rejection) {
    case undefined:
      return { is: 'fit', server }
    case 'lag-unknown':
      return mayBeUnmeasured ? { is: 'fit', server } : { is: 'passed-over' }
    case 'lagging':
      return { is: 'passed-over' }
    case 'behind-session':
      // Its service will state a newer lag, but not in a moment.
      if (server.lag?.statedMs !== undefined) return { is: 'passed-over' }
      return mayCatchUp(server, nowMs) ? { is: 'behind' } : { is: 'unfit' }
    default:
      return { is: 'unfit' }
  }
}
