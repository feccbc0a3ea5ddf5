import type { NodeView } from '../topology/snapshot.ts'
import { FOLLOWING, WAITING, type QuestionBudget } from './question-budget.ts'

/** The questions to one node. */
export interface Asking {
  readonly budget: QuestionBudget
  readonly isAsking: boolean
  readonly askedAtMs: number
}

/** Need of newer positions. */
export interface Demand {
  /** Whether reads wait. */
  readonly isAwaited: boolean
  /** When a read was last held back. Positions from before then do not help it. */
  readonly calledAtMs: number
  readonly primary: NodeView | undefined
  readonly primaryAsking: Asking | undefined
}

/** How long a question to a replica waits for the answer of the primary, in milliseconds. */
const PRIMARY_FIRST_MS = 5

/**
 * When the position of a node should be read next; `Infinity` for not before something changes.
 *
 * The primary is asked first: its position, by the time of the question, is what the replicas have to reach. A replica
 * is asked when it is expected to have reached the oldest sample of the primary that it has not.
 */
export function dueAtMs(node: NodeView, asking: Asking, demand: Demand): number {
  const { isAwaited, primary } = demand
  if (node.isBalanced === true || node.exclusion !== undefined || node.state.name !== 'up') return Infinity
  const readyAtMs = asking.budget.readyAtMs(isAwaited ? WAITING : FOLLOWING)
  if (node.id === primary?.id) return isAwaited || isBefore(node, demand.calledAtMs) ? readyAtMs : Infinity
  // A lag that a service states is not newer for being asked more often.
  if (node.role !== 'replica' || node.lag?.statedMs !== undefined) return Infinity
  const { behindSinceMs, catchUpMs = 0 } = node.lag ?? {}
  if (behindSinceMs !== undefined) {
    return Math.max(readyAtMs, behindSinceMs + Math.min(catchUpMs, FOLLOWING.longestGapMs))
  }
  if (isAwaited) return Math.max(readyAtMs, primaryFirstMs(demand))
  const isPrimaryOlder = primary !== undefined && isBefore(primary, demand.calledAtMs)
  return isPrimaryOlder || !isBefore(node, demand.calledAtMs) ? Infinity : readyAtMs
}

function primaryFirstMs({ primaryAsking }: Demand): number {
  return primaryAsking?.isAsking === true ? primaryAsking.askedAtMs + PRIMARY_FIRST_MS : -Infinity
}

function isBefore({ state }: NodeView, atMs: number): boolean {
  return state.name === 'up' && state.observation.sentAtMs < atMs
}
