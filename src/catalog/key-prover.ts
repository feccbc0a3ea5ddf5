import type { EffectGraph, KnownRelation } from './effect-graph.ts'
import type { FootprintGatherer } from './footprint-gatherer.ts'
import type { Footprint } from './footprint.ts'
import type { KeyCandidate, KeyColumn, KeyProof, KeyType, KeyValue, RequiredValue } from './key.ts'
import { spelled } from './qualified-name.ts'
import type { Step, Steps } from './use-resolver.ts'

/** Consequences of a single step. */
export interface Reach {
  readonly found: FootprintGatherer
  /** Whether it leads to the relation that it begins with in more than one way. */
  readonly isCircular: boolean
}

/** Proves that a statement touches only rows with one primary key of some of its relations. */
export class KeyProver {
  readonly #graph: EffectGraph
  readonly #behind: (step: Step, oid: number) => Reach
  readonly #spellings = new Map<KnownRelation, string>()

  constructor(graph: EffectGraph, behind: (step: Step, oid: number) => Reach) {
    this.#graph = graph
    this.#behind = behind
  }

  /**
   * Adds keys to a footprint.
   *
   * @param steps Where the text begins.
   */
  refine(footprint: Footprint, candidates: readonly KeyCandidate[] | undefined, steps: Steps): Footprint {
    const { changes, shows } = footprint
    if (candidates === undefined || changes === 'everything' || shows === 'everything') return footprint
    const changedKeys: KeyProof[] = []
    const shownKeys: KeyProof[] = []
    for (const candidate of candidates) {
      if (candidate.access === 'read') this.#prove(candidate, shows, steps, shownKeys)
      else this.#prove(candidate, changes, steps, changedKeys)
    }
    if (changedKeys.length === 0 && shownKeys.length === 0) return footprint
    // Property by property: spreading takes longer than the proof.
    const refined: { -readonly [Field in keyof Footprint]: Footprint[Field] } = { changes, shows }
    if (changedKeys.length > 0) refined.changedKeys = Object.freeze(changedKeys)
    if (shownKeys.length > 0) refined.shownKeys = Object.freeze(shownKeys)
    return Object.freeze(refined)
  }

  /** Adds a proof for each relation that the candidate's name may stand for, where there is one. */
  #prove(candidate: KeyCandidate, relations: readonly string[], steps: Steps, proofs: KeyProof[]): void {
    for (const [step, oid] of steps) {
      const known = step === 'read' ? this.#graph.relation(oid) : undefined
      if (known === undefined || !isMeant(known, candidate)) continue
      const columns = this.#columns(oid, candidate)
      if (columns === undefined) continue
      const relation = this.#spelled(known)
      // It may be a name without a schema that stands for too many relations.
      const isNamed = relations.includes(relation)
      if (isNamed && this.#isOnlyWay(oid, relation, candidate.access, steps)) {
        proofs.push(Object.freeze({ relation, columns }))
      }
    }
  }

  /** Whether the statement touches a relation where the text names it, and in no other way. */
  #isOnlyWay(oid: number, relation: string, access: KeyCandidate['access'], steps: Steps): boolean {
    let own = 0
    for (const [step, other] of steps) {
      const isOwn = other === oid && step !== 'call' && step !== 'type'
      if (isOwn) own += 1
      const { found, isCircular } = this.#behind(step, other)
      if (isOwn ? isCircular : found.has(relation)) return false
    }
    // A text names once what it changes, and that is read, too.
    return own === (access === 'read' ? 1 : 2)
  }

  #spelled(relation: KnownRelation): string {
    const known = this.#spellings.get(relation) ?? spelled(relation)
    this.#spellings.set(relation, known)
    return known
  }

  #columns(oid: number, candidate: KeyCandidate): readonly KeyColumn[] | undefined {
    const { access, assigned = [], values } = candidate
    if ((access === 'insert' || access === 'update') && this.#graph.mayAssignMore(oid, access))
      return undefined
    const columns: KeyColumn[] = []
    for (const { name, position, type } of this.#graph.primaryKey(oid) ?? []) {
      const value = values.get(name) ?? values.get(position)
      if (value === undefined || assigned.includes(name) || !isOfType(value, type)) return undefined
      columns.push(Object.freeze({ type, value: shown(value) }))
    }
    return columns.length === 0 ? undefined : Object.freeze(columns)
  }
}

/** Whether the candidate's name may stand for a relation. */
function isMeant({ name, schema }: KnownRelation, meant: KeyCandidate): boolean {
  return name === meant.name && (meant.schema === undefined || meant.schema === schema)
}

/** A number in a text has a type of its own. Compared with an integer it is equal, but its text may differ. */
function isOfType(value: RequiredValue, type: KeyType): boolean {
  if ('parameter' in value || !value.isNumber) return true
  return type === 'int2' || type === 'int4' || type === 'int8'
}

function shown(value: RequiredValue): KeyValue {
  if ('parameter' in value) return value
  const { literal, position } = value
  return position === undefined ? { literal } : { literal, position }
}
