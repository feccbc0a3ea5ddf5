import type { EdgeKind, GraphRows, Phase, RelationKind } from './effect-rows.ts'
import { Families } from './families.ts'
import type { PrimaryKeyColumn } from './key.ts'
import type { QualifiedName } from './qualified-name.ts'

export interface KnownRelation extends QualifiedName {
  readonly oid: number
  readonly kind: RelationKind
  readonly schema: string
}

export interface Edge {
  readonly what: EdgeKind
  readonly ref: number
}

export interface ForeignKey {
  readonly referencing: number
  readonly referenced: number
  /** `a`: no action, `r`: restrict, `c`: cascade, `n`: set null, `d`: set default. */
  /** The columns that it refers to; `null` for a generated one. */
  readonly columns: readonly (string | null)[]
  readonly onUpdate: string
  readonly onDelete: string
}

export interface KnownTrigger {
  /** `pg_trigger.tgtype` */
  readonly events: number
  readonly callee: number
}

export interface Routine {
  readonly language: string
  /** Absent where its edges tell all that it touches. */
  readonly text?: string
  readonly head: string
}

const NO_EDGES: readonly Edge[] = []

/** The dependencies of one load as a graph, keyed by the objects' identifiers. */
export class EffectGraph {
  readonly #relations = new Map<number, KnownRelation>()
  readonly #families: Families
  readonly #edges = new Map<string, Edge[]>()
  readonly #triggers = new Map<number, KnownTrigger[]>()
  readonly #referencing = new Map<number, ForeignKey[]>()
  readonly #referenced = new Map<number, ForeignKey[]>()
  readonly #routines = new Map<number, Routine>()
  readonly #keyColumns = new Map<number, ReadonlySet<string> | undefined>()
  readonly #transitionTables = new Map<number, Set<string>>()
  readonly #primaryKeys = new Map<number, readonly PrimaryKeyColumn[]>()

  constructor({ edges, keys, parents, primaryKeys, relations, routines, triggers }: GraphRows) {
    for (const [oid, kind, schema, name] of relations) this.#relations.set(oid, { oid, kind, schema, name })
    this.#families = new Families(this.#relations.keys(), parents)
    for (const [owner, phase, what, ref] of edges) push(this.#edges, `${owner} ${phase}`, { what, ref })
    for (const [referencing, referenced, onUpdate, onDelete, columns] of keys) {
      const key = { referencing, referenced, onUpdate, onDelete, columns }
      push(this.#referencing, referencing, key)
      push(this.#referenced, referenced, key)
    }
    for (const [relation, events, callee, transitionTables] of triggers) {
      push(this.#triggers, relation, { events, callee })
      const names = this.#transitionTables.get(callee) ?? new Set()
      for (const name of transitionTables) if (name !== null) names.add(name)
      this.#transitionTables.set(callee, names)
    }
    for (const [oid, language, text, head] of routines) {
      this.#routines.set(oid, { language, head: head ?? '', ...(text !== null && { text }) })
    }
    for (const [columns, owners] of primaryKeys) {
      const key = columns.map(([name, type, position]) => ({ name, type, position }))
      for (const oid of owners) if (this.family(oid).length === 1) this.#primaryKeys.set(oid, key)
    }
  }

  relation(oid: number): KnownRelation | undefined {
    return this.#relations.get(oid)
  }

  /** The relation, its partitions and parents, and all others that are read or changed with it. */
  family(oid: number): readonly KnownRelation[] {
    return this.#families.membersOf(oid).flatMap((member) => this.#relations.get(member) ?? [])
  }

  /** The relation that stands for the whole family. */
  head(oid: number): KnownRelation | undefined {
    return this.#relations.get(this.#families.headOf(oid))
  }

  edges(object: 'function' | 'relation' | 'type', oid: number, phase: Phase): readonly Edge[] {
    return this.#edges.get(`${oid * 8 + OBJECTS[object]} ${phase}`) ?? NO_EDGES
  }

  triggers(relation: number): readonly KnownTrigger[] {
    return this.#triggers.get(relation) ?? []
  }

  /** Foreign keys of this relation. */
  keysOf(relation: number): readonly ForeignKey[] {
    return this.#referencing.get(relation) ?? []
  }

  /** Foreign keys that refer to this relation. */
  keysTo(relation: number): readonly ForeignKey[] {
    return this.#referenced.get(relation) ?? []
  }

  /** True where foreign keys refer to a relation, and assigning these columns changes nothing that they refer to. */
  keepsKeys(oid: number, columns: readonly string[]): boolean {
    if (!this.#keyColumns.has(oid)) this.#keyColumns.set(oid, this.#findKeyColumns(oid))
    const ofKeys = this.#keyColumns.get(oid)
    return ofKeys !== undefined && !columns.some((name) => ofKeys.has(name))
  }

  /** Undefined where an UPDATE may change others than those that it assigns, and where no key refers to any. */
  #findKeyColumns(oid: number): ReadonlySet<string> | undefined {
    const keys = this.keysTo(oid)
    const [relation, ...others] = this.family(oid)
    if (keys.length === 0 || relation?.kind !== 'r' || others.length > 0) return undefined
    if (this.edges('relation', oid, 'update').length > 0) return undefined
    if (this.mayAssignMore(oid, 'update')) return undefined
    const columns = new Set<string>()
    for (const name of keys.flatMap((key) => key.columns)) {
      if (name === null) return undefined
      columns.add(name)
    }
    return columns
  }

  /** True where a trigger may assign columns of a row before it is written. */
  mayAssignMore(oid: number, access: 'insert' | 'update'): boolean {
    const event = BEFORE_ROW[access]
    return this.triggers(oid).some(({ events }) => (events & event) === event)
  }

  /** The primary key of an ordinary table that stands alone, where it has one that a statement can prove. */
  primaryKey(oid: number): readonly PrimaryKeyColumn[] | undefined {
    return this.#primaryKeys.get(oid)
  }

  routine(oid: number): Routine | undefined {
    return this.#routines.get(oid)
  }

  /** Names of relations that exist only while a trigger runs this function. */
  transitionTables(oid: number): ReadonlySet<string> | undefined {
    return this.#transitionTables.get(oid)
  }
}

/** Bits of `pg_trigger.tgtype`. */
const BEFORE_ROW = { insert: 1 + 2 + 4, update: 1 + 2 + 16 } as const

const OBJECTS = { function: 0, relation: 1, type: 3 } as const

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
