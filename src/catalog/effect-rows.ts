import type { KeyType } from './key.ts'
import type { EffectSection } from './load-effects.ts'
import type { LoadedRow } from './load-query.ts'

/** The kind of a relation: `pg_class.relkind`, or `x` for one that is stored in a way that is not known. */
export type RelationKind = 'r' | 'p' | 'v' | 'm' | 'f' | 'S' | 'x'

/** When an edge counts: when its owner is read, changed in any way, changed in one way, or called. */
export type Phase = 'read' | 'write' | 'insert' | 'update' | 'delete' | 'refresh' | 'call'

/**
 * Kind of a dependency. A function is called, a relation is read, or it may be read and changed in any way. A sequence
 * is changed, or functions of a type may be called. The other two end the walk.
 */
export type EdgeKind = 'call' | 'read' | 'any' | 'sequence' | 'type' | 'everything' | 'shows-everything'

/** A relation of a user, by its OID. */
export type RelationRow = readonly [oid: number, kind: RelationKind, schema: string, name: string]

/** Dependencies between objects, as one load returns them. Objects are identified by their OIDs. */
export interface GraphRows {
  readonly relations: readonly RelationRow[]
  readonly parents: readonly (readonly [child: number, parent: number])[]
  readonly keys: readonly (readonly [
    referencing: number,
    referenced: number,
    onUpdate: string,
    onDelete: string,
    /** The columns that are referred to; `null` for a generated one. */
    columns: readonly (string | null)[],
  ])[]
  readonly triggers: readonly (readonly [
    relation: number,
    events: number,
    callee: number,
    transitionTables: readonly (string | null)[],
  ])[]
  /** An owner is eight times its identifier, plus 0 for a function, 1 for a relation, 3 for a type. */
  readonly edges: readonly (readonly [owner: number, phase: Phase, what: EdgeKind, ref: number])[]
  readonly routines: readonly (readonly [
    oid: number,
    language: string,
    text: string | null,
    head: string | null,
  ])[]
  /** Primary keys of ordinary tables, where each of their columns has a `KeyType`. */
  readonly primaryKeys: readonly (readonly [
    columns: readonly (readonly [name: string, type: KeyType, position: number])[],
    relations: readonly number[],
  ])[]
}

/** Names of objects, as one load returns them. */
export interface NameRows {
  readonly relations: readonly RelationRow[]
  /** Names of functions of which all can be looked into, or touch nothing. */
  readonly called: readonly (readonly [schema: string, name: string, oids: readonly number[]])[]
  readonly types: readonly (readonly [oid: number, schema: string, name: string])[]
  readonly operators: readonly (readonly [schema: string, name: string, callee: number])[]
  /** Functions that may be called as if they were columns. */
  readonly attributes: readonly (readonly [name: string, callee: number])[]
}

/** Rows of one load that tell the effects of statements. */
export interface EffectRows extends GraphRows, NameRows {
  /** Functions that may be called for values of the system's own types, by no name. */
  readonly silent: readonly (readonly [callee: number])[]
}

/** The sections of a load. Absent where one is missing. */
export function effectRowsIn(rows: readonly LoadedRow[]): EffectRows | undefined {
  const found: Partial<Record<EffectSection, unknown>> = {}
  for (const { object, verdict, names } of rows) {
    if (object === 'effect') found[verdict as EffectSection] = JSON.parse(names)
  }
  return SECTIONS.every((section) => found[section] !== undefined)
    ? (found as unknown as EffectRows)
    : undefined
}

const SECTIONS: readonly EffectSection[] = [
  'relations',
  'parents',
  'keys',
  'triggers',
  'edges',
  'routines',
  'called',
  'types',
  'operators',
  'silent',
  'primaryKeys',
  'attributes',
]
