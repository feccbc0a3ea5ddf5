import type { FunctionBody } from './catalog.ts'
import type { EffectGraph, Routine } from './effect-graph.ts'
import type { NamedUses } from './footprint.ts'

/**
 * The names that the texts in a function's body use. Absent where it may run a text that is not in it. Must not throw.
 */
export type BodyUses = (body: FunctionBody) => readonly NamedUses[] | undefined

/** Names in the bodies of functions, each parsed on first use. */
export class RoutineUses {
  readonly #graph: EffectGraph
  readonly #usesIn: BodyUses
  readonly #known = new Map<number, readonly NamedUses[] | undefined>()

  constructor(graph: EffectGraph, usesIn: BodyUses) {
    this.#graph = graph
    this.#usesIn = usesIn
  }

  /** Absent where the function cannot be looked into. Empty where its edges tell all. */
  of(oid: number): readonly NamedUses[] | undefined {
    const routine = this.#graph.routine(oid)
    if (routine === undefined) return undefined
    if (this.#known.has(oid)) return this.#known.get(oid)
    const body = bodyOf(routine)
    const uses = body === undefined ? [] : this.#usesIn(body)
    this.#known.set(oid, uses)
    return uses
  }
}

function bodyOf({ head, language, text }: Routine): FunctionBody | undefined {
  if (text === undefined) return undefined
  return language === 'plpgsql' ? { language: 'plpgsql', text, head } : { language: 'sql', text }
}
