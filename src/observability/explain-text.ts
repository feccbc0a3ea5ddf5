import type { RelationSet } from '../catalog/footprint.ts'
import { adviceFor, isPrimaryReason } from './advice.ts'
import type { Explanation, ExplainedPlan, ExplainedSession } from './explanation.ts'
import { REJECTION_WORDS, ROUTE_WORDS, STEP_WORDS } from './reason-words.ts'

/** Width of the labels. */
const LABEL_COLUMNS = 11

/** Returns an explanation as text, in lines with a label each. */
export function explanationText(explanation: Explanation, sql: string | undefined): string {
  const { pins, plan, route, session, settings, statement } = explanation
  const { footprint, hint, kind, offender, reason } = statement
  const isKept = route.role === 'primary'
  const why = kind === 'read' ? route.reason : reason
  const lines: (readonly [label: string, text: string | undefined])[] = [
    ['Statement', `${kind} (${reason})`],
    ['Because of', offender && `${offender.text}${placeIn(sql, offender.position)}`],
    ['Comment', hint && `asks for ${hint === 'primary' ? 'the primary' : 'a replica'}`],
    ['Footprint', `changes ${relations(footprint.changes)}; shows ${relations(footprint.shows)}`],
    ['Session', sessionText(session)],
    ['Settings', settings?.join(', ')],
    ['Pinned by', pins?.join(', ')],
    ['Route', `${isKept ? 'the primary' : 'a replica'}: ${ROUTE_WORDS[route.reason]} (${route.reason})`],
    ['Freshness', freshnessText(explanation)],
    ['Advice', isKept && isPrimaryReason(why) ? adviceFor(why, offender?.text) : undefined],
    ...nodeLines(plan),
  ]
  return lines
    .filter(([, text]) => text !== undefined)
    .map(([label, text]) => label.padEnd(LABEL_COLUMNS) + text)
    .join('\n')
}

/** Returns where a part stands in a text. Lines and columns count from 1. */
function placeIn(sql: string | undefined, position: number | undefined): string {
  if (sql === undefined || position === undefined) return ''
  const before = sql.slice(0, position).split('\n')
  return `, line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}

function relations(set: RelationSet): string {
  if (set === 'everything') return 'possibly everything'
  return set.length === 0 ? 'nothing' : set.join(', ')
}

function sessionText({
  lastReads,
  lastWriteMsAgo,
  pendingForMs,
  position,
  primaryForMs,
}: ExplainedSession): string {
  const facts = [
    lastWriteMsAgo === undefined ? 'has not written' : `wrote ${ms(lastWriteMsAgo)} ago`,
    position && `must see position ${position.lsn} of timeline ${position.timeline}`,
    pendingForMs === undefined
      ? undefined
      : `must see what it met ${ms(pendingForMs)} ago, at a position not known yet`,
    lastReads > 0 && 'must not fall behind its last read on a replica',
    primaryForMs !== undefined && `reads from the primary for another ${ms(primaryForMs)}`,
  ]
  return facts.filter(Boolean).join('; ')
}

function freshnessText({ route: { freshness } }: Explanation): string | undefined {
  if (freshness === undefined) return undefined
  const { isMonotonic, maxStalenessMs, position } = freshness
  const bounds = [
    maxStalenessMs !== undefined && `at most ${ms(maxStalenessMs)} old`,
    position && `position ${position.lsn} of timeline ${position.timeline}`,
    isMonotonic && 'everything that the session has seen',
  ].filter(Boolean)
  return bounds.length === 0 ? 'any' : bounds.join('; ')
}

function nodeLines({ candidates, rejected }: ExplainedPlan): (readonly [string, string])[] {
  const all = [
    ...candidates.map(
      ({ lagMs, node, reason, role }, index) =>
        `${index + 1}. ${node} (${role}${lagMs === undefined ? '' : `, ${ms(lagMs)} behind`}) ${STEP_WORDS[reason]} (${reason})`,
    ),
    ...rejected.map(({ node, reason }) => `–  ${node} ${REJECTION_WORDS[reason]} (${reason})`),
  ]
  if (all.length === 0) all.push('none')
  return all.map((text, index) => [index === 0 ? 'Nodes' : '', text])
}

function ms(value: number): string {
  return `${Math.round(value)} ms`
}
