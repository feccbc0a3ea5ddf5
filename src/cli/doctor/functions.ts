import type { Client } from 'pg'
import type { Catalog, FunctionBody } from '../../catalog/catalog.ts'
import { decide } from '../../statement/decide.ts'
import type { SqlParser } from '../../statement/parser.ts'
import type { StatementReason } from '../../statement/statement.ts'
import type { FunctionFact } from './facts.ts'
import { ask, jsonRows, type Row } from './question.ts'

/** A function of a user that SQL can call, or a relation's name with what it is. */
interface FunctionRow {
  readonly schema: string
  readonly name: string
  readonly signature: string
  readonly isVolatile: boolean
  readonly body: FunctionBody | null
}

/** Reasons of statements that belong to the primary by their form: a function with one of them is rightly VOLATILE. */
const RIGHTLY_VOLATILE: ReadonlySet<StatementReason> = new Set<StatementReason>([
  'data-modifying',
  'data-modifying-cte',
  'row-lock',
  'select-into',
  'ddl',
  'copy-from',
  'copy-program',
  'copy-to-file',
  'lock-table',
  'maintenance',
  'notify',
  'server-command',
  'function-writes',
  'function-session',
  'function-setting',
  'function-node-local',
  'function-external',
  'set',
  'listen',
  'relation-unlogged',
  'relation-foreign',
  'relation-sequence',
  'declared-primary-only',
])

const FUNCTIONS_SQL = `SELECT json_build_object('schema', n.nspname, 'name', p.proname,
  'signature', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
  'isVolatile', p.provolatile = 'v',
  'body', CASE WHEN p.prosqlbody IS NULL AND l.lanname IN ('sql', 'plpgsql') THEN json_build_object(
    'language', l.lanname, 'text', p.prosrc, 'head', format('CREATE FUNCTION %I(%s) RETURNS %s LANGUAGE plpgsql',
      p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid))) END)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384 AND p.prokind = 'f' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY n.nspname, p.proname, p.oid`

const VOLATILE_NAMES_SQL = `SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v'`

/** A view may call something volatile that its name does not show. */
const VIEW_NAMES_SQL = `SELECT DISTINCT relname FROM pg_class WHERE relkind = 'v' AND oid >= 16384`

/** Judges the functions of users by their labels, their bodies and the declarations that `declared` holds. */
export async function functionFacts(
  client: Client,
  parser: SqlParser,
  catalog: Catalog,
  declared: Catalog,
): Promise<readonly FunctionFact[]> {
  const rows = jsonRows(await ask(client, FUNCTIONS_SQL)) as readonly FunctionRow[]
  const volatileNames = namesIn(await ask(client, VOLATILE_NAMES_SQL))
  const viewNames = namesIn(await ask(client, VIEW_NAMES_SQL))
  const bodies = new Bodies(parser, catalog, rows)
  return rows.flatMap((row): readonly FunctionFact[] => {
    const { signature, isVolatile, body } = row
    const name = { schema: row.schema, name: row.name }
    const verdict = catalog.functionVerdict(name)
    const isDeclared = declared.functionVerdict(name) !== verdict
    if (isDeclared) return []
    if (!isVolatile) return verdict === 'writes' ? [{ signature, finding: 'label-untrue' }] : []
    if (verdict === 'harmless') {
      const isStable = body !== null && bodies.usesNone(body, volatileNames, viewNames)
      return isStable ? [{ signature, finding: 'deserves-stable' }] : []
    }
    return verdict === 'volatile' && !bodies.writes(row) ? [{ signature, finding: 'unproven' }] : []
  })
}

function namesIn(rows: readonly Row[]): ReadonlySet<string> {
  return new Set(rows.map(([name]) => name ?? ''))
}

/** The texts of functions, and which of them are known to write. */
class Bodies {
  readonly #parser: SqlParser
  readonly #catalog: Catalog
  /** Names of functions that write, or call one that does. */
  readonly #writers = new Set<string>()

  constructor(parser: SqlParser, catalog: Catalog, rows: readonly FunctionRow[]) {
    this.#parser = parser
    this.#catalog = catalog
    for (let before = -1; before < this.#writers.size;) {
      before = this.#writers.size
      for (const row of rows) {
        if (row.isVolatile && row.body !== null && this.#writesIn(row.body)) this.#writers.add(row.name)
      }
    }
  }

  writes({ name }: FunctionRow): boolean {
    return this.#writers.has(name)
  }

  /** True when the texts of a body name none of these functions and relations. */
  usesNone(body: FunctionBody, functions: ReadonlySet<string>, relations: ReadonlySet<string>): boolean {
    const texts = this.#textsOf(body)
    if (texts === undefined) return false
    return texts
      .map((sql) => this.#parser.analyze(sql))
      .every(
        (used) =>
          used.functions.every(({ name }) => !functions.has(name)) &&
          (used.attributes ?? []).every(({ name }) => !functions.has(name)) &&
          used.relations.every(({ name }) => !relations.has(name)),
      )
  }

  #textsOf(body: FunctionBody): readonly string[] | undefined {
    return body.language === 'sql' ? [body.text] : this.#parser.queriesIn?.(body, 'any-record')
  }

  #writesIn(body: FunctionBody): boolean {
    return (this.#textsOf(body) ?? []).some((sql) => {
      const analysis = this.#parser.analyze(sql)
      return (
        RIGHTLY_VOLATILE.has(decide(analysis, this.#catalog).reason) ||
        analysis.functions.some(({ name }) => this.#writers.has(name))
      )
    })
  }
}
