import { builtinEffect, type BuiltinEffect } from './builtin-effects.ts'
import { builtinRelation } from './builtin-relations.ts'
import type { OperatorVerdict } from './catalog.ts'
import type { EffectGraph } from './effect-graph.ts'
import type { EffectNames } from './effect-names.ts'
import type { FootprintGatherer } from './footprint-gatherer.ts'
import type { Access, NamedUses, Target } from './footprint.ts'
import type { QualifiedName } from './qualified-name.ts'
import { isTemporarySchema } from './temporary-schema.ts'

/** Other parts of the catalog that resolving names needs. */
export interface Surroundings {
  /** Schemas that have a function of this name which a statement can call. */
  readonly schemasWith: (functionName: string) => readonly string[]
  readonly typeVerdict: (name: QualifiedName) => OperatorVerdict
}

/** Access to an object: a relation is read or changed, a function is called, values of a type are used. */
export type Step = Access | 'update-beside-keys' | 'read' | 'call' | 'type'

/** Where a text begins: with access to these objects. */
export type Steps = readonly (readonly [step: Step, oid: number])[]

/** Receives the objects that names stand for. */
export interface UseSink {
  readonly found: FootprintGatherer
  visit(step: Step, oid: number): void
}

/** Objects that a call or a cast by this name may reach. */
interface Resolved {
  readonly calls: readonly number[]
  readonly types: readonly number[]
  readonly effect: BuiltinEffect
}

const SYSTEM_SCHEMAS: ReadonlySet<string | undefined> = new Set(['pg_catalog', 'information_schema'])

const NONE: readonly number[] = []
const UNKNOWN: Resolved = { calls: NONE, types: NONE, effect: 'everything' }

/** Finds what the names in a text stand for. A name that is not known is everything. */
export class UseResolver {
  readonly #graph: EffectGraph
  readonly #names: EffectNames
  readonly #around: Surroundings
  readonly #functions = new Map<string, Resolved>()
  readonly #types = new Map<string, Resolved>()

  constructor(graph: EffectGraph, names: EffectNames, around: Surroundings) {
    this.#graph = graph
    this.#names = names
    this.#around = around
  }

  /** @param passing names of relations that exist only while the text runs */
  resolve(uses: NamedUses, sink: UseSink, passing?: ReadonlySet<string>): void {
    const { attributes = [], functions, operators, relations, targets, types } = uses
    if (targets === undefined) return sink.found.addEverything()
    for (const name of functions) take(this.#function(name), sink)
    for (const { name } of attributes)
      for (const callee of this.#names.attributes(name)) sink.visit('call', callee)
    for (const name of operators)
      for (const callee of this.#names.operators.get(name)) sink.visit('call', callee)
    for (const name of types) take(this.#type(name), sink)
    for (const name of relations) this.#addRelation(name, sink, passing)
    for (const target of targets) this.#addTarget(target, sink)
  }

  #addRelation(name: QualifiedName, sink: UseSink, passing?: ReadonlySet<string>): void {
    const oids = this.#names.relations.get(name)
    for (const oid of oids) sink.visit('read', oid)
    // Its contents are the schema, for the most part; and statistics, sizes, comments, privileges.
    if (isSystemRelation(name)) sink.found.shows.addEverything()
    else if (oids.length === 0 && !(name.schema === undefined && passing?.has(name.name) === true))
      sink.found.addEverything()
  }

  #addTarget(target: Target, sink: UseSink): void {
    const { access, columns } = target
    const oids = this.#names.relations.get(target)
    if (oids.length === 0 || isSystemRelation(target)) return sink.found.addEverything()
    for (const oid of oids) {
      // An UPDATE that assigns no column of a key has none of the effects of foreign keys that refer to it.
      const isBesideKeys = columns !== undefined && this.#graph.keepsKeys(oid, columns)
      sink.visit(isBesideKeys ? 'update-beside-keys' : access, oid)
    }
  }

  #function(name: QualifiedName): Resolved {
    return remembered(this.#functions, name, () => this.#findFunction(name))
  }

  #type(name: QualifiedName): Resolved {
    return remembered(this.#types, name, () => this.#findType(name))
  }

  #findFunction(name: QualifiedName): Resolved {
    const { schema, name: plain } = name
    const schemas = this.#around.schemasWith(plain)
    const calls: number[] = []
    const meant = schemas.filter((each) => schema === undefined || schema === each)
    for (const each of meant) {
      if (SYSTEM_SCHEMAS.has(each)) continue
      const oids = this.#names.functions(each, plain)
      if (oids === undefined) return UNKNOWN
      calls.push(...oids)
    }
    if (isTemporarySchema(name)) return UNKNOWN
    const isSystems = schema === undefined || SYSTEM_SCHEMAS.has(schema)
    const effect = isSystems && schema !== 'information_schema' ? builtinEffect(plain) : undefined
    if (effect !== undefined) return { calls, types: NONE, effect }
    // A newer server has functions that are not known here.
    if (isSystems && schemas.some((each) => SYSTEM_SCHEMAS.has(each))) return UNKNOWN
    return meant.length === 0 ? this.#findType(name) : { calls, types: NONE, effect: 'none' }
  }

  #findType(name: QualifiedName): Resolved {
    if (this.#around.typeVerdict(name) === 'pending') return UNKNOWN
    const types = [...this.#names.types.get(name)]
    // The type of an array is named after its elements'.
    if (name.name.startsWith('_')) types.push(...this.#names.types.get({ ...name, name: name.name.slice(1) }))
    return { calls: NONE, types, effect: 'none' }
  }
}

function take({ calls, effect, types }: Resolved, sink: UseSink): void {
  sink.found.addEffect(effect)
  for (const oid of calls) sink.visit('call', oid)
  for (const oid of types) sink.visit('type', oid)
}

function isSystemRelation(name: QualifiedName): boolean {
  return SYSTEM_SCHEMAS.has(name.schema) || builtinRelation(name) !== undefined
}

function remembered(known: Map<string, Resolved>, name: QualifiedName, find: () => Resolved): Resolved {
  const key = name.schema === undefined ? name.name : `${name.schema}\0${name.name}`
  const before = known.get(key)
  if (before !== undefined) return before
  const found = find()
  if (known.size < MOST_NAMES) known.set(key, found)
  return found
}

/** Remembered of each kind. */
const MOST_NAMES = 10_000
