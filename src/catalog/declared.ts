import { describe } from '../errors/describe.ts'
import { SwitchyardError } from '../errors/error.ts'
import { parseName } from './parse-name.ts'

/**
 * `readOnly`: a standby may run it or read it, and answers as the primary would. `primaryOnly`: it belongs to the
 * primary.
 *
 * @example
 * const declaration: Declaration = 'readOnly'
 */
export type Declaration = 'readOnly' | 'primaryOnly'

/**
 * Verdicts of the user that override the catalog. Keys are names as in SQL: folded to lower case unless quoted, with a
 * schema (`billing.total`) or without one, which means every schema. A declaration overrides labels, dependencies and
 * what is known of PostgreSQL's own functions.
 *
 * @example
 * const declared: Declarations = {
 *   functions: { 'shop.price_of': 'readOnly' },
 *   relations: { audit: 'primaryOnly' },
 * }
 */
export interface Declarations {
  readonly functions?: Readonly<Record<string, Declaration>>
  readonly relations?: Readonly<Record<string, Declaration>>
}

/** One declaration, ready to be looked up and to be sent to the database. */
export interface DeclaredName {
  readonly object: 'function' | 'relation'
  /** `null` for every schema. */
  readonly schema: string | null
  readonly name: string
  readonly verdict: 'read-only' | 'declared-primary-only'
}

/**
 * Checks declarations.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION for anything but names with `readOnly` or `primaryOnly`.
 */
export function parseDeclarations(declarations: Declarations = {}): readonly DeclaredName[] {
  checkGroup('declared', declarations)
  for (const key of Object.keys(declarations)) {
    if (key !== 'functions' && key !== 'relations') {
      throw invalid(`declared has 'functions' and 'relations', but no '${key}'`)
    }
  }
  return [
    ...parseRecord('function', 'declared.functions', declarations.functions),
    ...parseRecord('relation', 'declared.relations', declarations.relations),
  ]
}

function parseRecord(
  object: DeclaredName['object'],
  option: string,
  record: Readonly<Record<string, Declaration>> = {},
): readonly DeclaredName[] {
  checkGroup(option, record)
  return Object.entries(record).map(([key, value]) => {
    const parsed = parseName(key)
    if (parsed === undefined) {
      throw invalid(`${option} has names as in SQL, 'name' or 'schema.name', but got ${JSON.stringify(key)}`)
    }
    const schema = parsed.schema ?? null
    switch (value) {
      case 'readOnly':
        return { object, schema, name: parsed.name, verdict: 'read-only' }
      case 'primaryOnly':
        return { object, schema, name: parsed.name, verdict: 'declared-primary-only' }
      default:
        throw invalid(
          `${option}[${JSON.stringify(key)}] must be 'readOnly' or 'primaryOnly', but got ${describe(value)}`,
        )
    }
  })
}

function checkGroup(option: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw invalid(`${option} must be an object, but got ${describe(value)}`)
}

function invalid(message: string): SwitchyardError {
  return new SwitchyardError('SWITCHYARD_INVALID_OPTION', message)
}
