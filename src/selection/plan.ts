import type { Route } from '../routing/route.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'
import { rejectionOf } from './eligibility.ts'
import type { PlanStep, QueryPlan, RejectedNode } from './query-plan.ts'

/** Who exactly, in what order. Pure: the balancer is asked, not told. */
export function planQuery(
  route: Route,
  snapshot: Snapshot,
  balancer: Balancer,
  nowMs: number,
  random: () => number,
): QueryPlan {
  const { primary } = snapshot
  if (route.role === 'primary') {
    return { steps: primary === undefined ? [] : [{ node: primary, reason: 'primary' }], rejected: [] }
  }

  const eligible: NodeView[] = []
  const rejected: RejectedNode[] = []
  for (const node of snapshot.nodes) {
    if (node.role === 'primary' && node.exclusion === undefined) continue
    const reason = rejectionOf(node, route.freshness, nowMs)
    if (reason === undefined) eligible.push(node)
    else rejected.push({ node, reason })
  }

  const steps: PlanStep[] = []
  if (eligible.length > 0) {
    for (const node of balancer.order(eligible, random)) steps.push({ node, reason: 'replica' })
  }
  if (primary !== undefined) steps.push({ node: primary, reason: 'fallback' })
  return { steps, rejected }
}
