import { EffectGraph } from './effect-graph.ts'
import { EffectNames } from './effect-names.ts'
import type { EffectRows } from './effect-rows.ts'
import { EffectWalk, type Surroundings } from './effect-walk.ts'
import type { Footprint, NamedUses } from './footprint.ts'
import { RoutineUses, type BodyUses } from './routine-uses.ts'

/** What statements touch in one database, in the state that one load found it in. */
export class Effects {
  readonly #graph: EffectGraph
  readonly #names: EffectNames
  readonly #silent: readonly number[]
  readonly #around: Surroundings
  readonly #routines: RoutineUses
  readonly #known = new WeakMap<NamedUses, Footprint>()

  constructor(rows: EffectRows, around: Surroundings, usesIn: BodyUses) {
    this.#graph = new EffectGraph(rows)
    this.#routines = new RoutineUses(this.#graph, usesIn)
    this.#names = new EffectNames(rows)
    this.#silent = rows.silent
    this.#around = around
  }

  footprint(uses: NamedUses): Footprint {
    const known = this.#known.get(uses)
    if (known !== undefined) return known
    const walk = new EffectWalk(this.#graph, this.#names, this.#routines, this.#around)
    for (const callee of this.#silent) walk.visit('call', callee)
    walk.addUses(uses)
    const footprint = walk.finish()
    this.#known.set(uses, footprint)
    return footprint
  }
}
