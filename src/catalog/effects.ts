import { EffectGraph } from './effect-graph.ts'
import { EffectNames } from './effect-names.ts'
import type { EffectRows } from './effect-rows.ts'
import { EffectWalk } from './effect-walk.ts'
import { FootprintGatherer } from './footprint-gatherer.ts'
import { EVERYTHING, type Footprint, type NamedUses } from './footprint.ts'
import { KeyProver, type Reach } from './key-prover.ts'
import { RoutineUses, type BodyUses } from './routine-uses.ts'
import { UseResolver, type Step, type Steps, type Surroundings, type UseSink } from './use-resolver.ts'

/** Remembered of footprints and of what single steps lead to. */
const MOST_ENTRIES = 5_000

/** Computes the footprints of statements in one database, as of one load. */
export class Effects {
  readonly #graph: EffectGraph
  readonly #resolver: UseResolver
  readonly #routines: RoutineUses
  readonly #silent: EffectRows['silent']
  readonly #byUses = new WeakMap<NamedUses, Footprint>()
  /** By the steps that a text begins with: few of many texts differ in them. */
  readonly #bySteps = new Map<string, Footprint>()
  readonly #byStep = new Map<string, Reach>()
  readonly #keys: KeyProver

  constructor(rows: EffectRows, around: Surroundings, usesIn: BodyUses) {
    this.#graph = new EffectGraph(rows)
    this.#resolver = new UseResolver(this.#graph, new EffectNames(rows), around)
    this.#routines = new RoutineUses(this.#graph, usesIn)
    this.#silent = rows.silent
    this.#keys = new KeyProver(this.#graph, (step, oid) => this.#behind(step, oid))
  }

  footprint(uses: NamedUses): Footprint {
    const known = this.#byUses.get(uses)
    if (known !== undefined) return known
    const first = new FirstSteps()
    for (const [callee] of this.#silent) first.visit('call', callee)
    this.#resolver.resolve(uses, first)
    const footprint = this.#keys.refine(this.#after(first), uses.keys, first.steps)
    this.#byUses.set(uses, footprint)
    return footprint
  }

  #after({ found, key, steps }: FirstSteps): Footprint {
    if (found.isEverything) return EVERYTHING
    if (!found.isEmpty) return this.#union(steps, found)
    const known = this.#bySteps.get(key)
    if (known !== undefined) return known
    const footprint = this.#union(steps, found)
    remember(this.#bySteps, key, footprint)
    return footprint
  }

  #union(steps: Steps, found: FootprintGatherer): Footprint {
    for (const [step, oid] of steps) found.merge(this.#behind(step, oid).found)
    return found.isEverything ? EVERYTHING : found.footprint
  }

  #behind(step: Step, oid: number): Reach {
    const key = `${step} ${oid}`
    const known = this.#byStep.get(key)
    if (known !== undefined) return known
    const walk = new EffectWalk(this.#graph, this.#resolver, this.#routines)
    walk.follow(step, oid)
    const { found, isCircular } = walk
    const reach = { found, isCircular }
    remember(this.#byStep, key, reach)
    return reach
  }
}

/** Resolves the names in a text, without following dependencies. */
class FirstSteps implements UseSink {
  readonly found: FootprintGatherer = new FootprintGatherer()
  readonly steps: (readonly [step: Step, oid: number])[] = []
  key = ''

  visit(step: Step, oid: number): void {
    this.steps.push([step, oid])
    this.key += `${step} ${oid},`
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (map.size >= MOST_ENTRIES) map.clear()
  map.set(key, value)
}
