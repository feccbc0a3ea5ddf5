import type { SeenRead } from '../consistency/session.ts'
import type { Route } from '../routing/route.ts'
import { lagMs, type NodeView, type Snapshot } from '../topology/snapshot.ts'
import type { NodeId } from '../topology/node.ts'
import { hasTags, type Tags } from '../topology/tags.ts'
import type { Balancer, BalancerContext } from './balancer.ts'
import { rejectionOf } from './eligibility.ts'
import type { Health } from './health.ts'
import type { PlanStep, QueryPlan, RejectedNode } from './query-plan.ts'

/**
 * Reads do not wait for a replica that has been behind for longer, in milliseconds. Twice the longest probe interval.
 */
const HOPELESS_MS = 1000

/** Catching up within this time counts as soon, in milliseconds: about as long as two round trips. */
const SOON_MS = 3

const NO_NODES: readonly NodeView[] = []

/** The parts and options that a plan depends on besides the route and the snapshot. */
export interface Selection {
  readonly balancer: Balancer
  readonly health: Health
  readonly random: () => number
  /** Whether reads that no replica can serve may go to the primary. */
  readonly spills: boolean
  /** Whether replicas of unknown lag may serve reads while there is no primary to compare them with. */
  readonly servesUnmeasured?: boolean
  /** Tags that a node must have to serve the read. Applies to the primary as a fallback too. */
  readonly tags?: Tags | undefined
}

/**
 * Plans the nodes for a route, in order. Pure: changes neither the balancer nor the health records.
 *
 * @param joins Replica at which the read would share a connection with others that are in flight.
 */
export function planQuery(
  route: Route,
  snapshot: Snapshot,
  selection: Selection,
  nowMs: number,
  joins?: NodeId,
): QueryPlan {
  const { primary } = snapshot
  if (route.role === 'primary') {
    return { steps: primary === undefined ? [] : [{ node: primary, reason: 'primary' }], rejected: [] }
  }

  const { balancer, health, random, spills, tags } = selection
  const mayBeUnmeasured = selection.servesUnmeasured === true && primary === undefined
  const context: BalancerContext = { nowMs, random, inFlight: (id) => health.inFlight(id), joins }
  const eligible: NodeView[] = []
  const unwell: NodeView[] = []
  const rejected: RejectedNode[] = []
  for (const node of snapshot.nodes) {
    if (node.role === 'primary' && node.exclusion === undefined) continue
    const isOther = tags !== undefined && !hasTags(node.tags, tags)
    const unfit = isOther ? 'other-tags' : rejectionOf(node, route.freshness, snapshot, nowMs)
    if (unfit !== undefined) {
      rejected.push({ node, reason: unfit })
      if (unfit === 'lag-unknown' && mayBeUnmeasured) unwell.push(node)
      continue
    }
    const admission = health.admission(node.id, nowMs)
    if (admission === 'admitted') {
      eligible.push(node)
    } else {
      unwell.push(node)
      rejected.push({ node, reason: admission })
    }
  }

  const steps: PlanStep[] = []
  if (eligible.length > 0) {
    const ordered = balancer.order(eligible, context)
    for (const node of stayingWith(route.freshness.after, ordered)) steps.push({ node, reason: 'replica' })
  }
  const mayServe = spills && (tags === undefined || hasTags(primary?.tags, tags))
  const behind = eligible.length > 0 ? NO_NODES : catchingUp(rejected, nowMs)
  const isSooner = behind.length > 0 && !behind.some(followsClosely)
  if (primary !== undefined && mayServe) {
    steps.push({ node: primary, reason: isSooner ? 'sooner' : 'fallback' })
  }
  for (const node of unwell) steps.push({ node, reason: 'last-resort' })
  return behind.length === 0
    ? { steps, rejected }
    : { steps, rejected, catchingUp: balancer.order(behind, context) }
}

/** Replicas that lack only what their session has written or seen, and will soon have it. */
function catchingUp(rejected: readonly RejectedNode[], nowMs: number): readonly NodeView[] {
  return rejected
    .filter(({ node, reason }) => reason === 'behind-session' && mayCatchUp(node, nowMs))
    .map(({ node }) => node)
}

/** Whether waiting for a replica takes hardly longer than to ask the primary. It keeps reads off the primary, too. */
function followsClosely({ lag }: NodeView): boolean {
  return lag?.catchUpMs !== undefined && lag.catchUpMs < SOON_MS
}

/**
 * Whether waiting for a replica is worthwhile. One that has been behind for long will not catch up in the next moment.
 * One that states its lag does not prove that it has caught up.
 */
export function mayCatchUp({ lag }: NodeView, nowMs: number): boolean {
  return lag !== undefined && lag.statedMs === undefined && lagMs(lag, nowMs) < HOPELESS_MS
}

/**
 * Moves the server of the session's last read to the front: it needs no proof, and its data never goes backwards. Where
 * it is known what that read has shown, any server that has reached it is as good. A session that leaves its server
 * goes to the one that was chosen for it.
 */
function stayingWith(
  reads: readonly SeenRead[] | undefined,
  nodes: readonly NodeView[],
): readonly NodeView[] {
  const last = reads?.find(({ serverIdentity }) => serverIdentity !== undefined)
  const stays = last?.upTo === undefined ? last?.serverIdentity : undefined
  const identity = last?.next ?? stays
  if (identity === undefined || nodes.length < 2) return nodes
  const isLast = ({ state }: NodeView): boolean =>
    state.name === 'up' && state.observation.serverIdentity === identity
  const index = nodes.findIndex(isLast)
  const found = nodes[index]
  return found === undefined || index === 0 ? nodes : [found, ...nodes.toSpliced(index, 1)]
}
