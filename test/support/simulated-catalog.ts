import type { LoadedRow } from '../../src/catalog/load-query.ts'

/** What a simulated database tells of itself: what a few statements need, and the tables that were created since. */
export class SimulatedCatalog {
  readonly #tables: string[] = ['orders', 'users']
  /** How often it was loaded. */
  loads = 0
  #changes = 0

  /** As `Signal` has it: differs after each change. */
  get counters(): string {
    return String(this.#changes)
  }

  get digest(): string {
    return `${this.#tables.join()} ${this.#changes}`
  }

  /** A statement that changes the schema has run. */
  changed(sql: string): void {
    this.#changes += 1
    const [, table] = /create table (?:if not exists )?(\w+)/i.exec(sql) ?? []
    if (table !== undefined) this.#tables.push(table)
  }

  /** The answer to the query that loads the catalog. */
  load(): readonly LoadedRow[] {
    this.loads += 1
    const signal = {
      object: 'signal',
      schema: null,
      verdict: this.counters,
      names: names(this.digest, '700'),
    } as const
    const strings = { object: 'setting', schema: null, verdict: 'on', names: '[]' } as const
    return [
      row('relation', 'public', 'read-only', ...this.#tables),
      row('relation', 'public', 'unlogged', 'scratch'),
      row('function', 'pg_catalog', 'harmless', 'count', 'lower', 'now', 'pg_sleep'),
      row('function', 'pg_catalog', 'volatile', 'random'),
      row('function', 'pg_catalog', 'sequence', 'nextval'),
      row('function', 'pg_catalog', 'session', 'pg_advisory_lock', 'set_config'),
      row('function', 'pg_catalog', 'node-local', 'pg_backend_pid'),
      row('function', 'public', 'writes', 'touch_user'),
      row('operator', 'pg_catalog', 'harmless', '=', '+', '<', '>'),
      row('type', 'pg_catalog', 'harmless', 'bool', 'int4', 'int8', 'text', 'timestamptz'),
      signal,
      strings,
    ]
  }
}

function row(
  object: LoadedRow['object'],
  schema: string,
  verdict: string,
  ...listed: readonly string[]
): LoadedRow {
  return { object, schema, verdict, names: names(...listed) }
}

function names(...listed: readonly string[]): string {
  return JSON.stringify(listed)
}
