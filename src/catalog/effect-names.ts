import type { NameRows } from './effect-rows.ts'
import type { QualifiedName } from './qualified-name.ts'

/** Identifiers of what a name may mean: without a schema, whatever has this name in any schema. */
class Identifiers {
  readonly #anywhere = new Map<string, number[]>()
  readonly #bySchema = new Map<string, number[]>()

  add(schema: string, name: string, oid: number): void {
    for (const [map, key] of [
      [this.#anywhere, name],
      [this.#bySchema, `${schema}\0${name}`],
    ] as const) {
      const list = map.get(key)
      if (list === undefined) map.set(key, [oid])
      else list.push(oid)
    }
  }

  get({ schema, name }: QualifiedName): readonly number[] {
    return (
      (schema === undefined ? this.#anywhere.get(name) : this.#bySchema.get(`${schema}\0${name}`)) ?? NONE
    )
  }
}

const NONE: readonly number[] = []

/** Names of what can be touched, as a load found them. */
export class EffectNames {
  readonly relations: Identifiers = new Identifiers()
  /** Types for whose values a function of a user may be called. */
  readonly types: Identifiers = new Identifiers()
  /** Functions behind operators that take none of those types. */
  readonly operators: Identifiers = new Identifiers()
  readonly #called = new Map<string, readonly number[]>()
  readonly #attributes = new Map<string, number[]>()

  constructor({ attributes, called, operators, relations, types }: NameRows) {
    for (const [oid, , schema, name] of relations) this.relations.add(schema, name, oid)
    for (const [oid, schema, name] of types) this.types.add(schema, name, oid)
    for (const [schema, name, callee] of operators) this.operators.add(schema, name, callee)
    for (const [schema, name, oids] of called) this.#called.set(`${schema}\0${name}`, oids)
    for (const [name, callee] of attributes)
      this.#attributes.set(name, [...(this.#attributes.get(name) ?? []), callee])
  }

  /**
   * Absent where a function of this name in this schema cannot be looked into. Functions that touch nothing are left
   * out.
   */
  functions(schema: string, name: string): readonly number[] | undefined {
    return this.#called.get(`${schema}\0${name}`)
  }

  attributes(name: string): readonly number[] {
    return this.#attributes.get(name) ?? NONE
  }
}
