import type { ParsingFacts, QualifiedName } from './catalog.ts'
import type { ParsingObject } from './load-query.ts'
import { NameTable } from './name-table.ts'

/** Facts of a database that affect parsing and planning, from the rows of one load. */
export class LoadedParsingFacts implements ParsingFacts {
  readonly schema: string
  readonly #functions = new NameTable(['frozen'])
  readonly #relations = new NameTable(['frozen'])
  readonly #operators = new NameTable(['frozen'])
  readonly #plainColumns = new Set<string>()
  readonly #own: (object: 'function' | 'operator' | 'type', name: string) => boolean
  #hasImplicitCasts = false

  /** @param own Whether a schema that is not the system's has such an object. */
  constructor(schema: string, own: ParsingFacts['hasOwn']) {
    this.schema = schema
    this.#own = own
  }

  get hasImplicitCasts(): boolean {
    return this.#hasImplicitCasts
  }

  isFrozen(object: 'function' | 'relation' | 'operator', name: QualifiedName): boolean {
    const tables = { function: this.#functions, relation: this.#relations, operator: this.#operators }
    return tables[object].get(name) !== undefined
  }

  hasOwn(object: 'function' | 'operator' | 'type', name: string): boolean {
    return this.#own(object, name)
  }

  isPlainColumn(name: string): boolean {
    return this.#plainColumns.has(name)
  }

  add(object: ParsingObject, schema: string, names: readonly string[]): void {
    if (object === 'cast') this.#hasImplicitCasts = true
    for (const name of names) {
      if (object === 'column') this.#plainColumns.add(name)
      else if (object === 'frozen-function') this.#functions.add(schema, name, 'frozen')
      else if (object === 'frozen-relation') this.#relations.add(schema, name, 'frozen')
      else if (object === 'frozen-operator') this.#operators.add(schema, name, 'frozen')
    }
  }
}
