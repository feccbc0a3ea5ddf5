import type { Freshness } from '../routing/route.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import { rejectionOf } from './eligibility.ts'
import { mayCatchUp } from './plan.ts'

/** What a server that a connection has reached, behind an address of several, is to a read. */
export type Reached =
  /** It may serve it. `server` is the node as this one server shows it. */
  | { readonly is: 'fit'; readonly server: NodeView }
  /** It will, in a context. */
  | { readonly is: 'behind' }
  /** It is not known to be as recent as this read needs it. */
  | { readonly is: 'passed-over' }
  /** Its connection is of no use: another one may reach another server. */
  | { readonly is: 'unfit' }

/**
 * Judges a server by what it has just said of itself, as a replica is judged by what a probe saw. Pure.
 *
 * @param mayBeUnmeasured Whether one serves of which it is not known how old it is.
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
      return mayCatchUp(server, nowMs) ? { is: 'behind' } : { is: 'unfit' }
    default:
      return { is: 'unfit' }
  }
}
