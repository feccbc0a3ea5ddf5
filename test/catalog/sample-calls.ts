import type { CatalogQuery } from '../../src/catalog/loader.ts'

/** A value for each type of argument; any other type gets NULL. */
const samples: Readonly<Record<string, string>> = {
  any: '1',
  anyarray: 'ARRAY[1, 2]',
  anycompatible: '1',
  anycompatiblearray: 'ARRAY[1, 2]',
  anycompatiblenonarray: '1',
  anyelement: '1',
  anynonarray: '1',
  anyrange: 'int4range(1, 2)',
  bool: 'true',
  bytea: `'\\x01'::bytea`,
  char: `'a'::"char"`,
  cstring: `'1'::cstring`,
  date: `'2020-01-01'::date`,
  float4: '0.5::float4',
  float8: '0.5::float8',
  int2: '1::int2',
  int4: '1',
  int8: '1::int8',
  interval: `'1 s'::interval`,
  json: `'{}'::json`,
  jsonb: `'{}'::jsonb`,
  jsonpath: `'$'::jsonpath`,
  name: `'pg_catalog'`,
  numeric: '1::numeric',
  oid: '1259::oid',
  pg_lsn: `'0/3000000'::pg_lsn`,
  pg_snapshot: `'1:2:'::pg_snapshot`,
  record: 'ROW(1)',
  regclass: `'pg_class'::regclass`,
  regconfig: `'english'::regconfig`,
  regtype: `'int4'::regtype`,
  text: `'pg_class'`,
  _text: `ARRAY['pg_class', 'a']`,
  timestamp: `'2020-01-01'::timestamp`,
  timestamptz: `'2020-01-01'::timestamptz`,
  txid_snapshot: `'1:2:'::txid_snapshot`,
  uuid: `'00000000-0000-7000-8000-000000000000'::uuid`,
  xid: `'700'::xid`,
  xid8: `'700'::xid8`,
}

/** Another value on every call: there is nothing to compare. */
export const differsByNature: ReadonlySet<string> = new Set([
  'array_sample',
  'array_shuffle',
  'clock_timestamp',
  'gen_random_uuid',
  'now',
  'pg_sleep',
  'pg_sleep_for',
  'pg_sleep_until',
  'random',
  'random_normal',
  'statement_timestamp',
  'timeofday',
  'transaction_timestamp',
  'uuidv4',
  'uuidv7',
])

/** One call of every overload of the system's harmless functions and aggregates. */
export async function callsOfSystemFunctions(
  query: CatalogQuery,
  verdict: (name: string) => string,
): Promise<readonly { readonly name: string; readonly sql: string }[]> {
  const rows = (await query(`
    SELECT p.proname::text AS name, to_json(ARRAY(
      SELECT t.typname::text FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (oid, i)
      JOIN pg_type t ON t.oid = a.oid ORDER BY i))::text AS types
    FROM pg_proc p
    WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind IN ('f', 'a') AND oid < 16384
      AND NOT proargtypes::oid[] @> ARRAY['internal'::regtype::oid]`)) as readonly {
    readonly name: string
    readonly types: string
  }[]
  return rows
    .filter(({ name }) => verdict(name) === 'harmless')
    .map(({ name, types }) => {
      const values = (JSON.parse(types) as readonly string[]).map(
        (type) => samples[type] ?? `NULL::pg_catalog."${type}"`,
      )
      return { name, sql: `SELECT pg_catalog."${name}"(${values.join(', ')})` }
    })
}
