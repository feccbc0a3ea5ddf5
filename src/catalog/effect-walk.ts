import { builtinEffect } from './builtin-effects.ts'
import { builtinRelation } from './builtin-relations.ts'
import type { OperatorVerdict } from './catalog.ts'
import type { Edge, EffectGraph, ForeignKey, KnownRelation } from './effect-graph.ts'
import type { EffectNames } from './effect-names.ts'
import { FootprintGatherer } from './footprint-gatherer.ts'
import { EVERYTHING, type Access, type Footprint, type NamedUses, type Target } from './footprint.ts'
import type { QualifiedName } from './qualified-name.ts'
import type { RoutineUses } from './routine-uses.ts'
import { isTemporarySchema } from './temporary-schema.ts'

/** What else the catalog knows. */
export interface Surroundings {
  /** Schemas that have a function of this name which a statement can call. */
  readonly schemasWith: (functionName: string) => Iterable<string>
  readonly typeVerdict: (name: QualifiedName) => OperatorVerdict
}

/** What may be done to an object: a relation is read or changed, a function called, values of a type handled. */
type Step = Access | 'update-beside-keys' | 'read' | 'call' | 'type'

/** More of them are not followed: then it is everything. */
const MOST_STEPS = 5_000

const SYSTEM_SCHEMAS: ReadonlySet<string | undefined> = new Set(['pg_catalog', 'information_schema'])

const WAYS: readonly Access[] = ['insert', 'update', 'delete']

/** Bits of `pg_trigger.tgtype`. */
const EVENTS: Readonly<Partial<Record<Step, number>>> = {
  insert: 4,
  delete: 8,
  update: 16,
  truncate: 32,
  'truncate-cascade': 32,
}

/** Follows what one statement touches, step by step, each once. What is not known on the way is everything. */
export class EffectWalk {
  readonly #graph: EffectGraph
  readonly #names: EffectNames
  readonly #routines: RoutineUses
  readonly #around: Surroundings
  readonly #found = new FootprintGatherer()
  readonly #seen = new Set<string>()
  readonly #open: (readonly [step: Step, oid: number])[] = []

  constructor(graph: EffectGraph, names: EffectNames, routines: RoutineUses, around: Surroundings) {
    this.#graph = graph
    this.#names = names
    this.#routines = routines
    this.#around = around
  }

  /** Goes to the end of all ways. */
  finish(): Footprint {
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
      if (this.#found.isEverything || this.#seen.size > MOST_STEPS) return EVERYTHING
      this.#take(...next)
    }
    return this.#found.isEverything ? EVERYTHING : this.#found.footprint
  }

  visit(step: Step, oid: number): void {
    const key = `${step} ${oid}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#open.push([step, oid])
  }

  /** @param passing names of relations that exist only while the text runs */
  addUses(uses: NamedUses, passing?: ReadonlySet<string>): void {
    const { attributes = [], functions, operators, relations, targets, types } = uses
    if (targets === undefined) return this.#found.addEverything()
    for (const name of functions) this.#addCall(name)
    for (const { name } of attributes)
      for (const callee of this.#names.attributes(name)) this.visit('call', callee)
    for (const name of operators)
      for (const callee of this.#names.operators.get(name)) this.visit('call', callee)
    for (const name of types) this.#addType(name)
    for (const name of relations) this.#addRelation(name, () => 'read', passing)
    for (const target of targets) this.#addTarget(target)
  }

  /** An UPDATE that assigns no column of a key has none of the effects of foreign keys that refer to it. */
  #addTarget(target: Target): void {
    const { access, columns } = target
    this.#addRelation(target, (oid) =>
      columns !== undefined && this.#graph.keepsKeys(oid, columns) ? 'update-beside-keys' : access,
    )
  }

  #addRelation(name: QualifiedName, step: (oid: number) => Step, passing?: ReadonlySet<string>): void {
    const oids = this.#names.relations.get(name)
    for (const oid of oids) this.visit(step(oid), oid)
    const isSystems = SYSTEM_SCHEMAS.has(name.schema) || builtinRelation(name) !== undefined
    if (isSystems) this.#addSystemRelation(step(0))
    else if (oids.length === 0 && !(name.schema === undefined && passing?.has(name.name) === true))
      this.#found.addEverything()
  }

  /** Its contents are the schema, for the most part; and statistics, sizes, comments, privileges. */
  #addSystemRelation(step: Step): void {
    if (step === 'read') this.#found.shows.addEverything()
    else this.#found.addEverything()
  }

  #addCall(name: QualifiedName): void {
    if (isTemporarySchema(name)) return this.#found.addEverything()
    const { schema, name: plain } = name
    let isKnown = false
    for (const each of this.#around.schemasWith(plain)) {
      if (schema !== undefined && schema !== each) continue
      isKnown = true
      if (SYSTEM_SCHEMAS.has(each)) continue
      const oids = this.#names.functions(each, plain)
      if (oids === undefined) return this.#found.addEverything()
      for (const oid of oids) this.visit('call', oid)
    }
    const isSystems = schema === undefined || SYSTEM_SCHEMAS.has(schema)
    const effect = isSystems && schema !== 'information_schema' ? builtinEffect(plain) : undefined
    if (effect !== undefined) this.#found.addEffect(effect)
    // A newer server has functions that are not known here.
    else if (isSystems && this.#isSystems(plain)) this.#found.addEverything()
    else if (!isKnown) this.#addType(name)
  }

  #isSystems(functionName: string): boolean {
    for (const schema of this.#around.schemasWith(functionName)) if (SYSTEM_SCHEMAS.has(schema)) return true
    return false
  }

  #addType(name: QualifiedName): void {
    if (this.#around.typeVerdict(name) === 'pending') return this.#found.addEverything()
    for (const oid of this.#names.types.get(name)) this.visit('type', oid)
    if (!name.name.startsWith('_')) return
    const element = { ...name, name: name.name.slice(1) }
    for (const oid of this.#names.types.get(element)) this.visit('type', oid)
  }

  #take(step: Step, oid: number): void {
    if (step === 'call') return this.#call(oid)
    if (step === 'type') return this.#follow(this.#graph.edges('type', oid, 'call'))
    const relation = this.#graph.relation(oid)
    if (relation === undefined) this.#found.addEverything()
    else if (step === 'read') this.#read(relation)
    else if (step === 'update-beside-keys') this.#change(relation, 'update', true)
    else this.#change(relation, step)
  }

  #call(oid: number): void {
    const texts = this.#routines.of(oid)
    if (texts === undefined) return this.#found.addEverything()
    this.#follow(this.#graph.edges('function', oid, 'call'))
    for (const uses of texts) this.addUses(uses, this.#graph.transitionTables(oid))
  }

  #read(relation: KnownRelation): void {
    const { kind, oid } = relation
    if (kind !== 'v') this.#found.shows.add(this.#graph.head(oid) ?? relation)
    for (const member of this.#graph.family(oid)) {
      if (member.kind === 'f' || member.kind === 'x') this.#found.addEverything()
      this.#follow(this.#graph.edges('relation', member.oid, 'read'))
    }
  }

  #change(relation: KnownRelation, access: Access, isBesideKeys = false): void {
    const { kind, oid } = relation
    this.visit('read', oid)
    if (kind === 'v') return this.#changeView(oid, access)
    const isMeant =
      kind === 'S'
        ? access === 'set-sequence'
        : kind === 'm'
          ? access === 'refresh'
          : access !== 'set-sequence'
    if (!isMeant) return this.#found.addEverything()
    this.#found.changes.add(this.#graph.head(oid) ?? relation)
    const family = this.#graph.family(oid)
    for (const member of family) {
      this.#followWrite(member.oid, access)
      this.#trigger(member.oid, access)
      for (const key of this.#graph.keysOf(member.oid)) this.visit('read', key.referenced)
      if (!isBesideKeys) for (const key of this.#graph.keysTo(member.oid)) this.#actOn(key, access)
    }
    // A row that moves to another partition is deleted and inserted.
    if (access === 'update' && family.some((member) => member.kind === 'p')) {
      for (const way of WAYS) this.visit(way, oid)
    }
  }

  /** A view is changed by triggers and rules, or through it the relations below. */
  #changeView(oid: number, access: Access): void {
    if (!WAYS.includes(access)) return this.#found.addEverything()
    this.#followWrite(oid, access)
    this.#trigger(oid, access)
    for (const { what, ref } of this.#graph.edges('relation', oid, 'read')) {
      if (what === 'read') this.visit(access, ref)
    }
  }

  #followWrite(oid: number, access: Access): void {
    this.#follow(this.#graph.edges('relation', oid, 'write'))
    if (access === 'insert' || access === 'update' || access === 'delete' || access === 'refresh') {
      this.#follow(this.#graph.edges('relation', oid, access))
    }
  }

  #trigger(oid: number, access: Access): void {
    const event = EVENTS[access] ?? 0
    for (const { callee, events } of this.#graph.triggers(oid)) {
      if ((events & event) !== 0) this.visit('call', callee)
    }
  }

  /** What a foreign key does to the relation that has it, where the one that it refers to is changed. */
  #actOn({ onDelete, onUpdate, referencing }: ForeignKey, access: Access): void {
    if (access === 'update' && CHANGING.has(onUpdate)) this.visit('update', referencing)
    else if (access === 'delete' && onDelete === 'c') this.visit('delete', referencing)
    else if (access === 'delete' && CHANGING.has(onDelete)) this.visit('update', referencing)
    else if (access === 'truncate-cascade') this.visit('truncate-cascade', referencing)
    else if (access !== 'insert') this.visit('read', referencing)
  }

  #follow(edges: readonly Edge[]): void {
    for (const { what, ref } of edges) {
      switch (what) {
        case 'call':
        case 'read':
        case 'type':
          this.visit(what, ref)
          break
        case 'sequence':
          this.visit('set-sequence', ref)
          break
        case 'any':
          for (const way of WAYS) this.visit(way, ref)
          break
        case 'shows-everything':
          this.#found.shows.addEverything()
          break
        case 'everything':
          this.#found.addEverything()
          break
        default:
          return what satisfies never
      }
    }
  }
}

const CHANGING: ReadonlySet<string> = new Set(['c', 'n', 'd'])
