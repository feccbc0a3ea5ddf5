import { isNode, listAt, nodeAt, textAt, unwrap, type TreeNode, type TreeValue } from '../tree.ts'
import { sidesOf } from './assignment.ts'
import { firstValuesOf } from './first-values.ts'
import { shapes } from './shapes.ts'
import { typeQuery } from './types.ts'

/**
 * Returns what a PL/pgSQL body may run, as queries. These are its statements, its expressions, and casts to the types
 * of its variables, which stand for assignments. Undefined when something in the tree is not known to be harmless.
 * Pure.
 *
 * @param json the tree of the function, as libpg-query writes it
 * @param body the text of the body
 * @param records records whose fields may be assigned to
 */
export function queriesOf(
  json: string,
  body: string,
  records: Records = 'typed',
): readonly string[] | undefined {
  const functions = listAt(JSON.parse(json) as TreeNode, 'plpgsql_funcs')
  const root = functions.length === 1 ? unwrap(functions[0], 'PLpgSQL_function') : undefined
  if (root === undefined || nodeAt(root, 'action') === undefined) return undefined
  const walk = new Walk(listAt(root, 'datums'), records)
  if (!walk.visit(functions)) return undefined
  // Where the type is not one of the system's, the tree leaves a variable's first value out.
  for (const value of firstValuesOf(body)) walk.queries.add(`SELECT ${value}`)
  return [...walk.queries]
}

/**
 * `typed`: of which it stands in the text what their fields are. `any-record`: `NEW` and `OLD` of a trigger, too, and
 * those of the type `record`.
 */
export type Records = 'typed' | 'any-record'

class Walk {
  readonly queries = new Set<string>()
  readonly #variables: readonly TreeValue[]
  readonly #records: Records

  constructor(variables: readonly TreeValue[], records: Records) {
    this.#variables = variables
    this.#records = records
  }

  /** False when something is not known to be harmless. */
  visit(value: TreeValue | undefined): boolean {
    if (Array.isArray(value)) return (value as readonly TreeValue[]).every((item) => this.visit(item))
    return (
      isNode(value) && Object.entries(value).every(([tag, node]) => isNode(node) && this.#node(tag, node))
    )
  }

  #node(tag: string, node: TreeNode): boolean {
    if (tag === 'PLpgSQL_expr') return this.#expression(node)
    if (tag === 'PLpgSQL_type') return this.#type(node)
    const shape = Object.hasOwn(shapes, tag) ? shapes[tag] : undefined
    return (
      shape !== undefined &&
      Object.entries(node).every(([field, value]) => {
        switch (shape[field]) {
          case 'inside':
            return this.visit(value)
          case 'target':
            return this.#target(value)
          case 'targets':
            return listAt(node, field).every((item) => isNode(item) && this.#target(item['varno'] ?? 0))
          case 'fact':
            return typeof value !== 'object'
          case undefined:
            return false
        }
      })
    )
  }

  /**
   * Whether an assignment to this target is allowed. A value is cast to the type of its field, and the fields of a
   * plain `record` are unknown.
   */
  #target(number: TreeValue | undefined): boolean {
    const variable = typeof number === 'number' ? this.#variables[number] : undefined
    const field = unwrap(variable, 'PLpgSQL_recfield')
    if (field === undefined || this.#records === 'any-record') return isNode(variable)
    const parent = field['recparentno'] ?? 0
    const record = typeof parent === 'number' ? unwrap(this.#variables[parent], 'PLpgSQL_rec') : undefined
    const type = unwrap(record?.['datatype'], 'PLpgSQL_type')
    // The name may be quoted, qualified, or written with Unicode escapes.
    return type !== undefined && !/record|&/i.test(textAt(type, 'typname'))
  }

  #expression(node: TreeNode): boolean {
    const { query, parseMode, ...others } = node
    if (typeof query !== 'string' || Object.keys(others).length > 0) return false
    switch (parseMode) {
      case 0:
        this.queries.add(query)
        return true
      case 2:
        this.queries.add(`SELECT ${query}`)
        return true
      case 3:
      case 4:
      case 5: {
        const sides = sidesOf(query)
        for (const side of sides ?? []) this.queries.add(`SELECT ${side}`)
        return sides !== undefined
      }
      default:
        return false
    }
  }

  #type(node: TreeNode): boolean {
    const { typname, ...others } = node
    if (typeof typname !== 'string' || Object.keys(others).length > 0) return false
    const query = typeQuery(typname)
    if (query !== undefined) this.queries.add(query)
    return true
  }
}
