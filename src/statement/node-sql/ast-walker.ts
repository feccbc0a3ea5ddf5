import type { QualifiedName } from '../../catalog/catalog.ts'
import type { Findings } from '../findings.ts'
import { foldName } from './pieces.ts'
import { isReserved } from './key-words.ts'
import { shapes } from './shapes.ts'
import { typeNameOf } from './types.ts'

/** A node of node-sql-parser's tree. */
interface Ast {
  readonly [field: string]: unknown
}

interface Scope {
  readonly names: Set<string>
  readonly outer: Scope | undefined
}

/** Operators that are spelled as words. Those that are not here are not understood. */
const wordOperators: Readonly<Record<string, readonly string[]>> = {
  AND: [],
  OR: [],
  NOT: [],
  'NOT EXISTS': [],
  EXISTS: [],
  IS: [],
  'IS NOT': [],
  IN: ['='],
  'NOT IN': ['<>', '='],
  BETWEEN: ['>=', '<='],
  'NOT BETWEEN': ['<', '>'],
  LIKE: ['~~'],
  'NOT LIKE': ['!~~'],
  ILIKE: ['~~*'],
  'NOT ILIKE': ['!~~*'],
}

/** Names that look like functions in the tree but are syntax. */
const syntax: ReadonlySet<string> = new Set([
  'all',
  'any',
  'coalesce',
  'current_catalog',
  'current_date',
  'current_role',
  'current_time',
  'current_timestamp',
  'current_user',
  'exists',
  'greatest',
  'least',
  'localtime',
  'localtimestamp',
  'nullif',
  'row',
  'session_user',
  'some',
  'user',
])

/** Walks a query's tree, gathers the names, and refuses what it does not understand to the last field. */
export class AstWalker {
  readonly #findings: Findings
  readonly #quotedNames: ReadonlyMap<string, string>
  #scope: Scope | undefined

  constructor(findings: Findings, quotedNames: ReadonlyMap<string, string>) {
    this.#findings = findings
    this.#quotedNames = quotedNames
  }

  /** `place` is where the value stands: the shape around it and the field. */
  visit(value: unknown, place: string): void {
    if (typeof value !== 'object' || value === null) return
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, place)
      return
    }
    const node = value as Ast
    const name = shapeOf(node, place)
    if (name === 'select') this.#select(node)
    else this.#fields(node, name)
  }

  #fields(node: Ast, name: string): void {
    const shape = shapes.get(name)
    if (shape === undefined) return this.#refuse(name)
    this.#names(node, name)
    for (const [field, value] of Object.entries(node)) {
      if (value === null || value === undefined || value === '' || value === false) continue
      const handling = shape[field]
      if (handling === undefined) this.#refuse(`${name}.${field}`)
      else if (handling === 'visit') this.visit(value, `${name}.${field}`)
    }
  }

  #select(node: Ast): void {
    const outer = this.#scope
    const clause = (Array.isArray(node['with']) ? node['with'] : []) as readonly Ast[]
    if (clause.length > 0) this.#with(clause)
    this.#fields({ ...node, with: null }, 'select')
    this.#scope = outer
  }

  #with(clause: readonly Ast[]): void {
    const names = new Set<string>()
    this.#scope = { names, outer: this.#scope }
    const bound = clause.map((item) => this.#name((item['name'] as Ast | undefined)?.['value']))
    if (clause.some((item) => item['recursive'] === true)) for (const name of bound) names.add(name)
    for (const [index, item] of clause.entries()) {
      this.#fields(item, 'select.with')
      names.add(bound[index] ?? '')
    }
  }

  #names(node: Ast, shape: string): void {
    switch (shape) {
      case 'source':
        return this.#relation(node)
      case 'column_ref':
        return this.#column(node['column'])
      case 'function':
        return this.#function(node['name'])
      case 'aggr_func':
      case 'window_func':
        this.#findings.functions.add({ name: this.#name(node['name']) })
        return
      case 'extract':
        this.#findings.functions.add({ schema: 'pg_catalog', name: 'extract' })
        return
      case 'binary_expr':
      case 'unary_expr':
        return this.#operator(node['operator'])
      case 'case':
        if (node['expr'] !== null && node['expr'] !== undefined) this.#operator('=')
        return
      case 'cast':
        return this.#types(node['target'])
    }
  }

  #relation(node: Ast): void {
    if (node['using'] !== undefined) this.#operator('=')
    const join = node['join']
    if (typeof join === 'string' && /natural/i.test(join)) this.#operator('=')
    if (node['table'] === undefined || node['table'] === null) {
      if (node['expr'] === undefined) this.#refuse('from')
      return
    }
    const name = this.#name(node['table'])
    const schema = typeof node['db'] === 'string' ? this.#name(node['db']) : undefined
    if (schema !== undefined) this.#findings.relations.add({ schema, name })
    else if (!this.#isBound(name)) this.#findings.relations.add({ name })
  }

  /** A column, or all of them. Names of columns decide nothing. */
  #column(column: unknown): void {
    if (column === '*') return
    const { expr: expression } = (column ?? {}) as { readonly expr?: Ast }
    const type = expression?.['type']
    if (type !== 'default' && type !== 'double_quote_string') this.#refuse('column')
  }

  #function(called: unknown): void {
    const { name: parts, schema, ...others } = called as Ast
    if (!Array.isArray(parts) || parts.length !== 1 || Object.keys(others).length > 0)
      return this.#refuse('function.name')
    const name = this.#name((parts[0] as Ast)['value'])
    const qualified: QualifiedName =
      schema === undefined || schema === null
        ? { name }
        : { schema: this.#name((schema as Ast)['value']), name }
    if (qualified.schema === undefined && name === 'nullif') this.#operator('=')
    if (qualified.schema === undefined && syntax.has(name)) return
    this.#findings.functions.add(qualified)
  }

  #operator(operator: unknown): void {
    if (typeof operator !== 'string') return this.#refuse('operator')
    const implied = wordOperators[operator]
    if (implied !== undefined) for (const name of implied) this.#findings.operators.add({ name })
    else if (/^[~!@#^&|`?+\-*/%<>=]+$/.test(operator)) {
      this.#findings.operators.add({ name: operator === '!=' ? '<>' : operator })
    } else this.#refuse(operator)
  }

  #types(target: unknown): void {
    if (!Array.isArray(target)) return this.#refuse('cast.target')
    for (const item of target as readonly Ast[]) {
      const { dataType, suffix, length: _, scale: __, parentheses: ___, array: ____, ...others } = item
      const suffixes = Array.isArray(suffix)
        ? suffix.filter((word): word is string => typeof word === 'string')
        : []
      const name = typeof dataType === 'string' ? typeNameOf(dataType, suffixes) : undefined
      if (name === undefined || Object.keys(others).length > 0) this.#refuse('cast.target')
      else this.#findings.types.add({ name })
    }
  }

  /** A name as PostgreSQL understands it: a quoted name as it was written, any other folded. */
  #name(written: unknown): string {
    if (typeof written !== 'string') {
      this.#refuse('name')
      return ''
    }
    const quoted = this.#quotedNames.get(written)
    if (quoted !== undefined) return quoted
    const name = foldName(written)
    if (isReserved(name) && !syntax.has(name)) this.#refuse(name)
    return name
  }

  #isBound(name: string): boolean {
    for (let scope = this.#scope; scope !== undefined; scope = scope.outer)
      if (scope.names.has(name)) return true
    return false
  }

  #refuse(what: string): void {
    this.#findings.refuse('unknown-statement', { text: what }, { leaves: true })
  }
}

/** Places whose nodes have no type, or one that says something else. */
const places: ReadonlyMap<string, string> = new Map([
  ['select.columns', 'item'],
  ['select.from', 'source'],
  ['tables.expr', 'source'],
  ['select.orderby', 'ordering'],
  ['select._orderby', 'ordering'],
  ['aggr_func.args', 'arguments'],
  ['arguments.orderby', 'ordering'],
  ['aggr_func.within_group_orderby', 'ordering'],
  ['specification.orderby', 'ordering'],
  ['window.as_window_specification', 'specification'],
  ['specification.window_specification', 'specification'],
])

function shapeOf(node: Ast, place: string): string {
  const placed = places.get(place)
  if (placed !== undefined) return placed
  if ('ast' in node) return 'subquery'
  const type = node['type']
  return typeof type === 'string' && shapes.has(type) ? type : place
}
