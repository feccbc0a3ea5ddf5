import type { Session } from '../consistency/session.ts'
import type { Overlay } from '../consistency/overlay.ts'
import type { Route } from '../routing/route.ts'
import type { Journal } from '../settings/journal.ts'
import type { Pin } from '../settings/session-settings.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Position } from '../consistency/position.ts'
import { lagMs } from '../topology/snapshot.ts'
import { explanationText } from './explain-text.ts'
import type { ExplainedPlan, ExplainedRoute, ExplainedSession, Explanation } from './explanation.ts'
import { shown } from '../statement/shown.ts'
import type { Statement } from '../statement/statement.ts'
import { formatLsn } from '../topology/lsn.ts'

export type { ExplainedPlan, ExplainedRoute, ExplainedSession, Explanation } from './explanation.ts'

/** The parts of a decision that `explain()` shows. */
interface Explained {
  readonly query: { readonly text: string | undefined }
  readonly session: Session
  readonly statement: Statement
  readonly route: Route
  readonly plan: QueryPlan
  readonly overlay: Overlay | undefined
  readonly journal: Journal | undefined
}

/** @internal */
export function explain(
  { journal, overlay, plan, query, route, session, statement }: Explained,
  nowMs: number,
  pins?: readonly Pin[],
): Explanation {
  const settings = overlay?.names ?? journal?.givenNames ?? []
  const explanation: Explanation = {
    statement: shown(statement),
    session: explainSession(session, nowMs),
    route: explainRoute(route),
    plan: explainPlan(plan, nowMs),
    ...(settings.length === 0 ? {} : { settings }),
    ...(pins === undefined ? {} : { pins }),
  }
  // Not a field of the value.
  return Object.defineProperty(explanation, 'toString', {
    value: () => explanationText(explanation, query.text),
  })
}

function explainSession(session: Session, nowMs: number): ExplainedSession {
  const { consistency, floorPendingSinceMs, lastReads, lastWriteAtMs, position, primaryUntilMs } = session
  const primaryForMs = primaryUntilMs === undefined ? 0 : primaryUntilMs - nowMs
  return {
    ...(consistency === undefined ? {} : { consistency }),
    ...(position === undefined ? {} : { position: explainPosition(position) }),
    ...(floorPendingSinceMs === undefined ? {} : { pendingForMs: Math.max(0, nowMs - floorPendingSinceMs) }),
    ...(lastWriteAtMs === undefined ? {} : { lastWriteMsAgo: Math.max(0, nowMs - lastWriteAtMs) }),
    ...(primaryForMs > 0 ? { primaryForMs } : {}),
    lastReads: lastReads.length,
  }
}

function explainPosition({ lsn, timeline }: Position): { readonly timeline: number; readonly lsn: string } {
  return { timeline, lsn: formatLsn(lsn) }
}

/** @param nowMs Time for which lags are given. Absent: without lags */
export function explainPlan(plan: QueryPlan, nowMs?: number): ExplainedPlan {
  return {
    candidates: plan.steps.map(({ node: { id, isBalanced, lag, role }, reason }) => ({
      node: id,
      role,
      reason,
      ...(nowMs === undefined || lag === undefined ? {} : { lagMs: lagMs(lag, nowMs) }),
      ...(isBalanced ? { balanced: true as const } : {}),
    })),
    rejected: plan.rejected.map(({ node, reason }) => ({ node: node.id, reason })),
  }
}

export function explainRoute(route: Route): ExplainedRoute {
  const { role, reason } = route
  if (role === 'primary' || reason === 'in-transaction') return { role, reason }
  const { after, maxStalenessMs, position } = route.freshness
  return {
    role,
    reason,
    freshness: {
      ...(maxStalenessMs === undefined ? {} : { maxStalenessMs }),
      ...(position === undefined ? {} : { position: explainPosition(position) }),
      ...(after === undefined ? {} : { isMonotonic: true }),
    },
  }
}
