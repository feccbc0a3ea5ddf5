import type { Route } from '../routing/route.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Balancer } from './balancer.ts'
import { rejectionOf } from './eligibility.ts'
import type { Health } from './health.ts'
import type { PlanStep, QueryPlan, RejectedNode } from './query-plan.ts'

/** Who decides about the order, and what they go by. */
export interface Selection {
  readonly balancer: Balancer
  readonly health: Health
  readonly random: () => number
  /** Whether reads that no replica can serve may go to the primary at all. */
  readonly spills: boolean
}

/** Who exactly, in what order. Pure: balancer and health are asked, not told. */
export function planQuery(route: Route, snapshot: Snapshot, selection: Selection, nowMs: number): QueryPlan {
  const { primary } = snapshot
  if (route.role === 'primary') {
    return { steps: primary === undefined ? [] : [{ node: primary, reason: 'primary' }], rejected: [] }
  }

  const { balancer, health, random, spills } = selection
  const eligible: NodeView[] = []
  const unwell: NodeView[] = []
  const rejected: RejectedNode[] = []
  for (const node of snapshot.nodes) {
    if (node.role === 'primary' && node.exclusion === undefined) continue
    const unfit = rejectionOf(node, route.freshness, primary !== undefined, nowMs)
    if (unfit !== undefined) {
      rejected.push({ node, reason: unfit })
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
    for (const node of balancer.order(eligible, random)) steps.push({ node, reason: 'replica' })
  }
  if (primary !== undefined && spills) steps.push({ node: primary, reason: 'fallback' })
  for (const node of unwell) steps.push({ node, reason: 'last-resort' })
  return { steps, rejected }
}
