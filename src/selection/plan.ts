import type { SeenRead } from '../consistency/session.ts'
import type { Route } from '../routing/route.ts'
import { lagMs, type NodeView, type Snapshot } from '../topology/snapshot.ts'
import { hasTags, type Tags } from '../topology/tags.ts'
import type { Balancer, BalancerContext } from './balancer.ts'
import { rejectionOf } from './eligibility.ts'
import type { Health } from './health.ts'
import type { PlanStep, QueryPlan, RejectedNode } from './query-plan.ts'

/** A replica that is behind for longer is not waited for, in milliseconds. Twice the longest time between two probes. */
const HOPELESS_MS = 1000

/** Who decides about the order, and what they go by. */
export interface Selection {
  readonly balancer: Balancer
  readonly health: Health
  readonly random: () => number
  /** Whether reads that no replica can serve may go to the primary at all. */
  readonly spills: boolean
  /** Whether replicas serve of which it is not known how old they are, as long as there is no primary to compare with. */
  readonly servesUnmeasured?: boolean
  /** What a node must have to serve a read at all, the primary in place of a replica included. */
  readonly tags?: Tags | undefined
}

/** Who exactly, in what order. Pure: balancer and health are asked, not told. */
export function planQuery(route: Route, snapshot: Snapshot, selection: Selection, nowMs: number): QueryPlan {
  const { primary } = snapshot
  if (route.role === 'primary') {
    return { steps: primary === undefined ? [] : [{ node: primary, reason: 'primary' }], rejected: [] }
  }

  const { balancer, health, random, spills, tags } = selection
  const mayBeUnmeasured = selection.servesUnmeasured === true && primary === undefined
  const context: BalancerContext = { nowMs, random, inFlight: (id) => health.inFlight(id) }
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
  if (primary !== undefined && mayServe) steps.push({ node: primary, reason: 'fallback' })
  for (const node of unwell) steps.push({ node, reason: 'last-resort' })
  if (eligible.length > 0) return { steps, rejected }
  const behind = rejected
    .filter(({ node, reason }) => reason === 'behind-session' && mayCatchUp(node, nowMs))
    .map(({ node }) => node)
  return behind.length === 0
    ? { steps, rejected }
    : { steps, rejected, catchingUp: balancer.order(behind, context) }
}

/** One that has not replayed anything for so long will not do so in the next context. */
export function mayCatchUp({ lag }: NodeView, nowMs: number): boolean {
  return lag !== undefined && lagMs(lag, nowMs) < HOPELESS_MS
}

/** The server that the session read from last comes first: it needs no proof, and what it shows does not go backwards. */
function stayingWith(
  reads: readonly SeenRead[] | undefined,
  nodes: readonly NodeView[],
): readonly NodeView[] {
  const last = reads?.find(({ serverIdentity }) => serverIdentity !== undefined)
  if (last === undefined || nodes.length < 2) return nodes
  const isLast = ({ state }: NodeView): boolean =>
    state.name === 'up' && state.observation.serverIdentity === last.serverIdentity
  const index = nodes.findIndex(isLast)
  const found = nodes[index]
  return found === undefined || index === 0 ? nodes : [found, ...nodes.toSpliced(index, 1)]
}
