import type { BuiltinEffect } from './builtin-effects.ts'
import { MOST_RELATIONS, type Footprint, type RelationSet } from './footprint.ts'
import { spelled, type QualifiedName } from './qualified-name.ts'

const NOTHING: readonly string[] = Object.freeze([])
/** Where large objects are kept. */
const LARGE_OBJECTS: QualifiedName = { schema: 'pg_catalog', name: 'pg_largeobject' }

/** A footprint while it is gathered. */
export class FootprintGatherer {
  readonly changes: RelationGatherer = new RelationGatherer()
  readonly shows: RelationGatherer = new RelationGatherer()

  get footprint(): Footprint {
    return Object.freeze({ changes: this.changes.relations, shows: this.shows.relations })
  }

  /** Adds a changed relation. It is shown too: by row counts and errors of constraints. */
  addChange(name: QualifiedName): void {
    this.changes.add(name)
    this.shows.add(name)
  }

  addEverything(): void {
    this.changes.addEverything()
    this.shows.addEverything()
  }

  get isEverything(): boolean {
    return this.changes.isEverything && this.shows.isEverything
  }

  get isEmpty(): boolean {
    return this.changes.isEmpty && this.shows.isEmpty
  }

  /** Whether a relation, spelled with its schema, is among them. */
  has(relation: string): boolean {
    return this.changes.has(relation) || this.shows.has(relation)
  }

  /** Adds all that another one has gathered. */
  merge({ changes, shows }: FootprintGatherer): void {
    this.changes.merge(changes)
    this.shows.merge(shows)
  }

  addEffect(effect: BuiltinEffect): void {
    if (effect === 'shows-large-objects') this.shows.add(LARGE_OBJECTS)
    else if (effect === 'changes-large-objects') this.addChange(LARGE_OBJECTS)
    else if (effect === 'shows-everything') this.shows.addEverything()
    else if (effect === 'everything') this.addEverything()
  }
}

/** A bounded set of relations while it is gathered. */
class RelationGatherer {
  #isEverything = false
  readonly #names = new Map<string, QualifiedName>()

  get isEverything(): boolean {
    return this.#isEverything
  }

  get isEmpty(): boolean {
    return !this.#isEverything && this.#names.size === 0
  }

  has(relation: string): boolean {
    return this.#isEverything || this.#names.has(relation)
  }

  merge(other: RelationGatherer): void {
    if (other.#isEverything) this.#isEverything = true
    for (const [text, name] of other.#names) this.#names.set(text, name)
  }

  add(name: QualifiedName): void {
    this.#names.set(spelled(name), name)
  }

  addEverything(): void {
    this.#isEverything = true
  }

  /**
   * Names that are too many for one set are tried without their schemas, as in a database with a schema for each
   * tenant.
   */
  get relations(): RelationSet {
    if (this.#isEverything) return 'everything'
    if (this.#names.size === 0) return NOTHING
    const exact = [...this.#names.keys()]
    const names =
      exact.length <= MOST_RELATIONS
        ? exact
        : [...new Set([...this.#names.values()].map(({ name }) => spelled({ name })))]
    return names.length > MOST_RELATIONS ? 'everything' : Object.freeze(names.toSorted())
  }
}
