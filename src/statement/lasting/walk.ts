import { isNode, listAt, nodeAt, textAt, unwrap, type TreeNode, type TreeValue } from '../tree.ts'
import type { Frozen, Kind, Lasting, Look } from './look.ts'
import { rules } from './rules.ts'
import { IMPLIED_NAMES, XML_OR_JSON } from './tables.ts'

/** Gathers what a SELECT freezes. */
export class LastingWalk implements Look {
  #frozen: Frozen | undefined
  /** Within a branch of UNION, INTERSECT or EXCEPT a literal gets the type of the other branches. */
  #isBranch = false
  /** Columns of functions and similar, whose types the database does not tell by their names. */
  #hasOtherColumns = false
  readonly #given = new Set(IMPLIED_NAMES)
  readonly #columns = new Set<string>()
  readonly #functions = new Set<string>()
  readonly #operators = new Set<string>()
  readonly #types = new Set<string>()

  get found(): Lasting {
    const columns = [...this.#columns]
    const isOther =
      columns.length > 0 && (this.#hasOtherColumns || columns.some((name) => this.#given.has(name)))
    const frozen = this.#frozen ?? (isOther ? 'literal-unproven' : undefined)
    const needs = {
      columns,
      functions: [...this.#functions],
      operators: [...this.#operators],
      types: [...this.#types],
    }
    return frozen === undefined ? needs : { frozen, ...needs }
  }

  get isBranch(): boolean {
    return this.#isBranch
  }

  refuse(frozen: Frozen): void {
    this.#frozen ??= frozen
  }

  needFunction(name: string): void {
    this.#functions.add(name)
  }

  needOperator(name: string): void {
    this.#operators.add(name)
  }

  needType(name: string): void {
    this.#types.add(name)
  }

  give(name: string): void {
    if (name !== '') this.#given.add(name)
  }

  noteOtherColumns(): void {
    this.#hasOtherColumns = true
  }

  isPlain(kind: Kind): boolean {
    if (typeof kind === 'object') {
      this.#columns.add(kind.column)
      return true
    }
    return kind === 'plain'
  }

  kindOf(value: TreeValue | undefined): Kind {
    if (!isNode(value)) return 'other'
    for (const tag in value) {
      const node = value[tag]
      if (XML_OR_JSON.has(tag)) this.refuse('xml-or-json')
      if (!isNode(node)) continue
      const rule = rules[tag]
      if (rule !== undefined) return rule(node, this)
      this.#inspectFields(node)
    }
    return 'other'
  }

  inspect(value: TreeValue | undefined): void {
    if (Array.isArray(value)) {
      for (const item of value as readonly TreeValue[]) this.inspect(item)
    } else if (isNode(value)) {
      const [tag] = Object.keys(value)
      if (tag === undefined || !/^[A-Z]/.test(tag)) this.#inspectFields(value)
      else if (this.kindOf(value) === 'literal') this.refuse('literal-unproven')
    }
  }

  common(values: readonly TreeValue[]): Kind {
    const kinds = values.map((value) => this.kindOf(value))
    if (!kinds.includes('literal'))
      return kinds.length > 0 && kinds.every((kind) => kind === 'plain') ? 'plain' : 'other'
    const others = kinds.filter((kind) => kind !== 'literal' && kind !== 'null')
    if (others.every((kind) => this.isPlain(kind))) return 'plain'
    this.refuse('literal-unproven')
    return 'other'
  }

  within(isBranch: boolean, body: () => void): void {
    const before = this.#isBranch
    this.#isBranch = isBranch
    body()
    this.#isBranch = before
  }

  /** Names that an alias gives to columns. */
  #giveAll(alias: TreeNode | undefined): void {
    if (alias === undefined) return
    for (const item of listAt(alias, 'colnames')) this.give(textAt(unwrap(item, 'String') ?? {}, 'sval'))
  }

  #inspectFields(node: TreeNode): void {
    this.#giveAll(nodeAt(node, 'alias'))
    for (const field in node) {
      // The type of a cast is judged together with the cast.
      if (field !== 'typeName' && field !== 'alias') this.inspect(node[field])
    }
  }
}
