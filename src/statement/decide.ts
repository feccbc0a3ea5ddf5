import type { Catalog, FunctionVerdict, OperatorVerdict, RelationVerdict } from '../catalog/catalog.ts'
import { EVERYTHING, withoutChanges, type Footprint } from '../catalog/footprint.ts'
import { offenderOf, spell } from './findings.ts'
import type { Mention } from './mentions.ts'
import { namingOf } from './naming.ts'
import type { Analysis, NameUse } from './parser.ts'
import { leavesNothing } from './session-functions.ts'
import { stateLeftByFunction } from './session-state.ts'
import type { Statement, StatementReason } from './statement.ts'
import { leaving, session, strictest, unknown, write, type Verdict } from './verdict.ts'

/**
 * The catalog's word on the names that a text uses, on top of what its form says. Pure.
 * @param mentions What else the text mentions; see `mentionsIn`.
 */
export function decide(analysis: Analysis, catalog: Catalog, mentions?: readonly Mention[]): Statement {
  let verdict: Verdict = analysis
  const consider = (other: Verdict | undefined): void => {
    if (other !== undefined) verdict = strictest(verdict, other)
  }
  if (!catalog.standardConformingStrings) consider(misreadStrings(verdict))
  for (const use of analysis.functions) consider(ofFunction(use, catalog.functionVerdict(use), analysis))
  for (const use of analysis.attributes ?? []) consider(ofAttribute(use, catalog.functionVerdict(use)))
  for (const use of analysis.relations) consider(ofRelation(use, catalog.relationVerdict(use)))
  for (const use of analysis.operators)
    consider(ofOperator(use, 'operator-volatile', catalog.operatorVerdict(use)))
  for (const use of analysis.types) consider(ofOperator(use, 'type-volatile', catalog.typeVerdict(use)))
  const isSingleRead = verdict.kind === 'read' && !analysis.multiple
  const naming = isSingleRead ? namingOf(analysis, catalog) : undefined
  return toStatement(verdict, analysis, footprintOf(verdict, analysis, catalog), mentions, naming)
}

/** Returns the footprint of a text: everything, unless its names determine it. */
function footprintOf({ mayWrite }: Verdict, analysis: Analysis, catalog: Catalog): Footprint {
  const isTold = analysis.targets !== undefined && catalog.standardConformingStrings
  const footprint = (isTold ? catalog.footprint?.(analysis) : undefined) ?? EVERYTHING
  return mayWrite ? footprint : withoutChanges(footprint)
}

const functionReasons = {
  writes: 'function-writes',
  'node-local': 'function-node-local',
  external: 'function-external',
  volatile: 'function-volatile',
  'declared-primary-only': 'declared-primary-only',
  pending: 'catalog-pending',
  unknown: 'function-unknown',
} as const satisfies Partial<Record<FunctionVerdict, StatementReason>>

/** Of these it is not known what they do, and they may well make settings for the queries that follow. */
const opaque: ReadonlySet<FunctionVerdict> = new Set<FunctionVerdict>([
  'volatile',
  'external',
  'declared-primary-only',
  'pending',
  'unknown',
])

function ofFunction(
  use: NameUse,
  verdict: FunctionVerdict,
  { settings }: Partial<Analysis> = {},
): Verdict | undefined {
  if (verdict === 'harmless') return undefined
  const offender = offenderOf(`${spell(use)}()`, use.position)
  if (verdict === 'session') {
    if (isOfSettings(use)) return { ...session('function-setting', { leaves: false }), offender }
    const found = { ...session('function-session', { leaves: false }), offender }
    if (leavesNothing(use.name)) return found
    const isKnown = settings !== undefined && isSystems(use) && use.name === 'set_config'
    return leaving(found, isKnown ? 'setting' : stateLeftByFunction(isSystems(use) ? use.name : ''))
  }
  // A function that reports the state of its node changes nothing there.
  const found = { ...write(functionReasons[verdict], offender), mayWrite: verdict !== 'node-local' }
  return opaque.has(verdict) ? leaving(found, 'unknown') : found
}

function isSystems({ schema }: NameUse): boolean {
  return schema === undefined || schema === 'pg_catalog'
}

/** Reads a setting, or makes one that ends with its transaction. */
function isOfSettings(use: NameUse): boolean {
  return use.endsWithTransaction === true || (isSystems(use) && use.name === 'current_setting')
}

/** A name that no function is known to have is a column's. */
function ofAttribute(use: NameUse, verdict: FunctionVerdict): Verdict | undefined {
  return verdict === 'pending' || verdict === 'unknown' ? undefined : ofFunction(use, verdict)
}

const relationReasons = {
  unlogged: 'relation-unlogged',
  foreign: 'relation-foreign',
  temporary: 'relation-temporary',
  'node-local': 'relation-node-local',
  volatile: 'relation-volatile',
  sequence: 'relation-sequence',
  'declared-primary-only': 'declared-primary-only',
  pending: 'catalog-pending',
  unknown: 'relation-unknown',
} as const satisfies Partial<Record<RelationVerdict, StatementReason>>

/** Relations that must be read on the primary but whose reading changes nothing. */
const passive: ReadonlySet<RelationVerdict> = new Set<RelationVerdict>([
  'unlogged',
  'temporary',
  'node-local',
  'sequence',
])

function ofRelation(use: NameUse, verdict: RelationVerdict): Verdict | undefined {
  if (verdict === 'replicated') return undefined
  const reason = relationReasons[verdict]
  return { ...write(reason, offenderOf(spell(use), use.position)), mayWrite: !passive.has(verdict) }
}

function ofOperator(
  use: NameUse,
  reason: 'operator-volatile' | 'type-volatile',
  verdict: OperatorVerdict,
): Verdict | undefined {
  if (verdict === 'harmless') return undefined
  return write(verdict === 'pending' ? 'catalog-pending' : reason, offenderOf(spell(use), use.position))
}

/** The text may end elsewhere than it seems, so anything may follow. */
function misreadStrings({ kind }: Verdict): Verdict {
  return kind === 'transaction' ? write('non-standard-strings') : unknown('non-standard-strings')
}

function toStatement(
  verdict: Verdict,
  { hint, multiple, settings: found }: Analysis,
  footprint: Footprint,
  mentions: Statement['mentions'],
  naming: Statement['naming'],
): Statement {
  const { kind, reason, offender, leaves, modes, mayWrite, leavesSessionState } = verdict
  const facts = { kind, reason, mayWrite, leavesSessionState, multiple, footprint }
  // A text that is misread may set anything.
  const settings = reason === 'non-standard-strings' ? undefined : found
  if (!(offender ?? hint ?? leaves ?? mentions ?? modes ?? settings ?? naming)) return Object.freeze(facts)
  return Object.freeze({
    ...facts,
    ...(leaves && { leaves }),
    ...(settings && { settings }),
    ...(offender && { offender }),
    ...(hint && { hint }),
    ...(mentions && { mentions }),
    ...(modes && { modes }),
    ...(naming && { naming }),
  })
}
