import type { LoadedRow } from '../../src/catalog/load-query.ts'

const PUBLIC_TABLES = ['items', 'notes', 'log'] as const

/** What the simulated database tells of itself: the tables of the workload with their keys, and what their statements use. */
export const catalogRows: readonly LoadedRow[] = [
  loaded('relation', 'public', 'read-only', PUBLIC_TABLES),
  loaded('function', 'pg_catalog', 'harmless', ['count', 'int4eq']),
  // Of the load of bench/simulate.
  loaded('function', 'public', 'harmless', ['work']),
  loaded('operator', 'pg_catalog', 'harmless', ['=']),
  loaded('type', 'pg_catalog', 'harmless', ['bool', 'int4', 'int8', 'text']),
  loaded('signal', null, '1', ['digest', '800']),
  loaded('setting', null, 'on', []),
  ...Object.entries({
    relations: PUBLIC_TABLES.map((name, index) => [16_384 + index, 'r', 'public', name]),
    parents: [],
    keys: [],
    triggers: [],
    edges: [],
    routines: [],
    called: [
      ['pg_catalog', 'count', []],
      ['public', 'work', []],
    ],
    types: [],
    operators: [],
    silent: [],
    primaryKeys: [[[['id', 'int4', 1]], PUBLIC_TABLES.map((_, index) => 16_384 + index)]],
    attributes: [],
  }).map(([section, rows]) => loaded('effect', null, section, rows)),
]

function loaded(
  object: LoadedRow['object'],
  schema: string | null,
  verdict: string,
  names: readonly unknown[],
): LoadedRow {
  return { object, schema, verdict, names: JSON.stringify(names) }
}
