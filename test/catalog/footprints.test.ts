import { describe, expect, test } from 'vitest'
import { meets, type Footprint } from '../../src/catalog/footprint.ts'
import { groundForTests, type Observation } from '../support/footprint-ground.ts'
import { footprintSchema } from './footprint-schema.ts'

/**
 * What statements touch in a schema in which relations lead to each other in many ways: what the catalog says, and what the
 * server really does. Names without a schema are those of `app`.
 */
const ground = groundForTests(footprintSchema)

const ALL = 'everything'

/** `*` stands for everything. */
function set(words: string): Footprint['changes'] {
  if (words === '*') return ALL
  const names = words.split(' ').filter((word) => word !== '')
  return names.map((name) => (name.includes('.') ? name : `app.${name}`)).toSorted()
}

type Row = readonly [sql: string, changes: string, shows: string]

const writes: readonly Row[] = [
  ["INSERT INTO apart VALUES (9, 'x')", 'apart', 'apart'],
  [
    'UPDATE parent SET id = id + 100 WHERE id < 5',
    'by_cascade by_default by_null grandchild parent',
    'by_cascade by_default by_nothing by_null by_restrict grandchild parent',
  ],
  [
    'DELETE FROM parent WHERE id = 4',
    'by_cascade by_default by_null grandchild parent',
    'by_cascade by_default by_nothing by_null by_restrict grandchild parent',
  ],
  [
    'UPDATE parent SET id = id + 100 WHERE id IN (2, 3, 4)',
    'by_cascade by_default by_null grandchild parent',
    'by_cascade by_default by_nothing by_null by_restrict grandchild parent',
  ],
  ["UPDATE parent SET note = 'y'", 'parent', 'parent'],
  [
    'DELETE FROM parent WHERE id = 2',
    'by_cascade by_default by_null grandchild parent',
    'by_cascade by_default by_nothing by_null by_restrict grandchild parent',
  ],
  [
    'DELETE FROM parent WHERE id = 3',
    'by_cascade by_default by_null grandchild parent',
    'by_cascade by_default by_nothing by_null by_restrict grandchild parent',
  ],
  [
    'DELETE FROM parent WHERE id = 5',
    'by_cascade by_default by_null grandchild parent',
    'by_cascade by_default by_nothing by_null by_restrict grandchild parent',
  ],
  ['INSERT INTO parent VALUES (7)', 'parent', 'parent'],
  [
    'TRUNCATE parent CASCADE',
    'by_cascade by_default by_nothing by_null by_restrict grandchild parent',
    'by_cascade by_default by_nothing by_null by_restrict grandchild parent',
  ],
  ['DELETE FROM by_cascade', 'by_cascade grandchild', 'by_cascade grandchild parent'],
  ['DELETE FROM tree WHERE id = 1', 'tree', 'tree'],
  ['INSERT INTO grandchild VALUES (2, 1)', 'grandchild', 'by_cascade grandchild'],
  ['INSERT INTO events VALUES (3, 2)', 'events log', 'events log'],
  ['UPDATE events SET at = 13 WHERE id = 1', 'events log', 'events log'],
  ['INSERT INTO events_2a VALUES (4, 13)', 'events log', 'events log'],
  ['TRUNCATE events', 'events', 'events'],
  ["UPDATE animal SET name = 'z'", 'animal', 'animal'],
  ['DELETE FROM puppy', 'animal', 'animal'],
  ["INSERT INTO watched VALUES (3, 'c', 1)", 'watched', 'seen watched'],
  ['DELETE FROM watched WHERE id = 1', 'cascaded log seen watched', 'cascaded log seen watched'],
  ["UPDATE watched SET note = 'd'", 'watched', 'watched'],
  ['INSERT INTO batched VALUES (2)', 'batched log', 'batched log'],
  ['TRUNCATE batched', 'batched log', 'batched log'],
  ['INSERT INTO dynamic VALUES (1)', '*', '*'],
  ['UPDATE late SET id = 3', 'late log', 'late log'],
  ['DELETE FROM cascaded', 'cascaded seen', 'cascaded seen watched'],
  ["UPDATE conditional SET note = 'b'", 'conditional', 'apart conditional'],
  ['INSERT INTO mutual_a VALUES (1)', 'mutual_a mutual_b', 'mutual_a mutual_b'],
  ["INSERT INTO small VALUES (5, 'x')", 'apart', 'apart'],
  ["UPDATE small SET note = 'z'", 'apart', 'apart'],
  ["INSERT INTO checked VALUES (1, 'x')", 'apart seen', 'apart seen'],
  ['REFRESH MATERIALIZED VIEW stored', 'stored', 'apart stored'],
  ["INSERT INTO triggered VALUES (1, 'x')", 'log seen', 'log seen'],
  ["INSERT INTO ruled VALUES (2, 'x')", 'log ruled seen', 'log ruled seen'],
  ['DELETE FROM ruled', 'log ruled seen', 'log ruled seen'],
  ['INSERT INTO redirected VALUES (1)', 'log lonely', 'log lonely'],
  ['SELECT writes_log(1)', 'log', 'log'],
  ['SELECT writes_atomic(1)', 'log', 'log'],
  ['SELECT indirect(1)', 'log', 'log'],
  ["SELECT any_text('DELETE FROM app.log')", '*', '*'],
  ['SELECT makes_table()', '*', '*'],
  ['CALL proc()', '*', '*'],
  ['INSERT INTO pairs VALUES (ROW(1, 2))', 'pairs', 'apart lonely pairs'],
  ['INSERT INTO of_domain VALUES (90)', 'of_domain', 'apart of_domain'],
  ['INSERT INTO computed DEFAULT VALUES', 'computed numbers', 'computed numbers'],
  [
    'INSERT INTO serials DEFAULT VALUES',
    'serials serials_id_seq serials_n_seq',
    'serials serials_id_seq serials_n_seq',
  ],
  ['INSERT INTO by_function (n) VALUES (1)', 'by_function', 'apart by_function'],
  ['INSERT INTO calls_writer VALUES (1)', 'calls_writer log', 'calls_writer log'],
  ['INSERT INTO constrained VALUES (90)', 'constrained', 'apart constrained'],
  ['INSERT INTO indexed VALUES (90)', 'indexed', 'apart indexed'],
  ['INSERT INTO partly VALUES (90)', 'partly', 'apart partly'],
  ['INSERT INTO generated VALUES (2)', 'generated', 'apart generated'],
  ['INSERT INTO dynamic_default DEFAULT VALUES', '*', '*'],
  ["INSERT INTO secret VALUES (1, 'a')", 'secret', 'lonely members secret'],
  [
    'INSERT INTO things VALUES (1)',
    'log tenant_a.things tenant_b.things',
    'log tenant_a.things tenant_b.things',
  ],
  ['INSERT INTO tenant_a.things VALUES (1)', 'tenant_a.things', 'tenant_a.things'],
  ['INSERT INTO tenant_b.things VALUES (1)', 'log tenant_b.things', 'log tenant_b.things'],
  ['INSERT INTO scratch VALUES (2)', 'scratch', 'scratch'],
  ['INSERT INTO log SELECT id, note FROM nested', 'log', 'apart log lonely'],
  ["SELECT table_to_xml('app.log', true, true, '')", '*', '*'],
  ["SELECT query_to_xml('SELECT * FROM app.seen', true, true, '')", '*', '*'],
  ['MERGE INTO seen USING apart ON seen.id = apart.id WHEN MATCHED THEN DELETE', 'seen', 'apart seen'],
  [
    'MERGE INTO watched w USING seen s ON w.id = s.id WHEN MATCHED THEN DELETE',
    'cascaded log seen watched',
    'cascaded log seen watched',
  ],
  [
    'WITH d AS (DELETE FROM apart RETURNING id) INSERT INTO lonely SELECT id + 100 FROM d',
    'apart lonely',
    'apart lonely',
  ],
  [
    'WITH d AS (DELETE FROM parent WHERE id = 2) SELECT 1',
    'by_cascade by_default by_null grandchild parent',
    'by_cascade by_default by_nothing by_null by_restrict grandchild parent',
  ],
  ["INSERT INTO apart VALUES (1, 'q') ON CONFLICT (id) DO UPDATE SET note = 'upserted'", 'apart', 'apart'],
  [
    "INSERT INTO watched VALUES (1, 'q', 1) ON CONFLICT (id) DO UPDATE SET note = 'upserted'",
    'watched',
    'seen watched',
  ],
  ['TRUNCATE lonely', 'lonely', 'lonely'],
  ['UPDATE ONLY animal SET id = 5', 'animal', 'animal'],
  ["UPDATE secret SET owner = 'a' WHERE id = 2", 'secret', 'lonely members secret'],
  ['DELETE FROM members', 'members', 'members'],
  ["UPDATE nested SET note = 'x'", 'apart lonely', 'apart lonely'],
  ["SELECT nextval('app.numbers')", 'numbers', 'numbers'],
  ["SELECT setval('app.serials_id_seq', 50)", 'serials_id_seq', 'serials_id_seq'],
  ["INSERT INTO moods VALUES ('glad')", 'moods', 'moods'],
  ['INSERT INTO by_nothing VALUES (2, 6)', 'by_nothing', 'by_nothing parent'],
  ['INSERT INTO tree VALUES (4, 3)', 'tree', 'tree'],
  ['DELETE FROM nowhere', '*', '*'],
  ['SELECT lo_create(424242)', 'pg_catalog.pg_largeobject', 'pg_catalog.pg_largeobject'],
  ['INSERT INTO log SELECT writes_log(id) FROM seen', 'log', 'log seen'],
  ["UPDATE keyed SET note = 'y'", 'keyed', 'keyed'],
  ["UPDATE keyed SET code = 'b'", 'by_code keyed', 'by_code keyed'],
  ["UPDATE keyed SET (note, code) = ('y', 'c')", 'by_code keyed', 'by_code keyed'],
  ['UPDATE doubled SET id = 5', 'by_twice doubled', 'by_twice doubled'],
  ["UPDATE shifting SET note = 'y'", 'by_shifting shifting', 'by_shifting shifting'],
  ["INSERT INTO keyed VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET note = 'z'", 'keyed', 'keyed'],
  [
    "INSERT INTO keyed VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET code = 'z'",
    'by_code keyed',
    'by_code keyed',
  ],
  [
    "MERGE INTO keyed USING apart ON keyed.id = apart.id WHEN MATCHED THEN UPDATE SET note = 'm'",
    'by_code keyed',
    'apart by_code keyed',
  ],
  ['DELETE FROM hub_1', 'hub spoke', 'hub spoke'],
  ['UPDATE hub SET id = 2', 'hub spoke', 'hub spoke'],
  ['INSERT INTO spoke VALUES (1)', 'spoke', 'hub spoke'],
  ['INSERT INTO spread VALUES (1)', 'spread', 'apart spread'],
  ['INSERT INTO of_pair VALUES (ROW(90, 1))', 'of_pair', 'apart of_pair'],
  ["INSERT INTO of_array VALUES ('{90}')", 'of_array', 'apart of_array'],
  ['INSERT INTO of_finer VALUES (90)', 'of_finer', 'apart of_finer'],
  ['INSERT INTO of_numbered (y) VALUES (1)', '*', '*'],
  ["INSERT INTO ranges VALUES ('[1,5)')", 'ranges', 'apart ranges'],
  ['INSERT INTO notifying VALUES (1)', '*', '*'],
  ['SELECT handles()', 'log', 'log'],
  ['SELECT loops()', 'seen', 'apart seen'],
  ['SELECT calls_proc()', '*', '*'],
  ['SELECT with_cursor()', '*', '*'],
  ['SELECT with_strings()', '*', '*'],
  ['SELECT own_nextval()', 'numbers', 'numbers'],
  ["SELECT lo_put(lo_create(0), 0, '\\x01')", 'pg_catalog.pg_largeobject', 'pg_catalog.pg_largeobject'],
  ['INSERT INTO lonely SELECT poly(id) FROM apart WHERE id = 2', 'lonely', 'apart lonely seen'],
  ["SELECT 1::oid ~~~ ''", '*', '*'],
  ['TRUNCATE nowhere', '*', '*'],
  ['INSERT INTO classed VALUES (3)', 'classed', 'apart classed'],
]
const reads: readonly Row[] = [
  // A cast, written like a call.
  ['SELECT fine(3)', '', 'apart'],
  ['SELECT * FROM animal', '', 'animal'],
  ['SELECT * FROM nested', '', 'apart lonely'],
  ['SELECT * FROM checked', '', 'apart seen'],
  ['SELECT * FROM over_stored', '', 'stored'],
  ['SELECT * FROM of_catalog', '', '*'],
  ['SELECT count_apart()', '', 'apart'],
  ['SELECT count_atomic()', '', 'apart'],
  ['SELECT calls_count()', '', 'apart'],
  ['SELECT plain(1)', '', ''],
  ['SELECT with_path()', '', 'tenant_a.things tenant_b.things'],
  ['SELECT by_default_argument()', '', 'apart'],
  ['SELECT recursive(2)', '', 'apart'],
  ['SELECT folded(id) FROM lonely', '', 'apart lonely'],
  ['SELECT l.size_of FROM lonely l', '', 'apart lonely'],
  ['SELECT * FROM with_table(1)', '', 'apart'],
  ['SELECT 1 === 2', '', 'apart'],
  ['SELECT p::int FROM pairs', '', 'apart lonely pairs'],
  ['SELECT 3::fine', '', 'apart'],
  ['SELECT x FROM of_domain', '', 'apart of_domain'],
  ["SELECT * FROM moods WHERE m = 'sad' AND 'a' = ANY (tags) AND j ? 'x'", '', 'moods'],
  ['SELECT * FROM generated', '', 'generated'],
  ['SELECT * FROM secret', '', 'lonely members secret'],
  ['SELECT * FROM things', '', 'tenant_a.things tenant_b.things'],
  ['SELECT * FROM tenant_b.things', '', 'tenant_b.things'],
  ['SELECT last_value FROM numbers', '', 'numbers'],
  ['SELECT NULL::app.pairs', '', 'apart lonely'],
  ['SELECT * FROM triggered', '', 'seen'],
  ["SELECT '{1}'::app.fine[]", '', 'apart'],
  ['SELECT * FROM events_1', '', 'events'],
  ['SELECT * FROM stored', '', 'stored'],
  ['SELECT * FROM parent', '', 'parent'],
  ['SELECT * FROM by_cascade', '', 'by_cascade'],
  ['SELECT * FROM by_null', '', 'by_null'],
  ['SELECT * FROM by_default', '', 'by_default'],
  ['SELECT * FROM by_restrict', '', 'by_restrict'],
  ['SELECT * FROM by_nothing', '', 'by_nothing'],
  ['SELECT * FROM grandchild', '', 'grandchild'],
  ['SELECT * FROM tree', '', 'tree'],
  ['SELECT * FROM events', '', 'events'],
  ['SELECT * FROM events_2a', '', 'events'],
  ['SELECT * FROM ONLY animal', '', 'animal'],
  ['SELECT * FROM puppy', '', 'animal'],
  ['SELECT * FROM watched', '', 'watched'],
  ['SELECT * FROM log', '', 'log'],
  ['SELECT * FROM seen', '', 'seen'],
  ['SELECT * FROM batched', '', 'batched'],
  ['SELECT * FROM cascaded', '', 'cascaded'],
  ['SELECT * FROM mutual_b', '', 'mutual_b'],
  ['SELECT * FROM lonely', '', 'lonely'],
  ['SELECT * FROM apart', '', 'apart'],
  ['SELECT * FROM small', '', 'apart'],
  ['SELECT * FROM ruled', '', 'ruled'],
  ['SELECT * FROM redirected', '', 'lonely'],
  ['SELECT * FROM computed', '', 'computed'],
  ['SELECT * FROM serials', '', 'serials'],
  ['SELECT last_value FROM serials_n_seq', '', 'serials_n_seq'],
  ['SELECT * FROM calls_writer', '', 'calls_writer'],
  ['SELECT * FROM tenant_a.things', '', 'tenant_a.things'],
  ['SELECT * FROM tenant_b.others', '', 'tenant_b.others'],
  ['SELECT * FROM members', '', 'members'],
  ['SELECT * FROM scratch', '', 'scratch'],
  ["SELECT pg_relation_size('app.log')", '', '*'],
  ["SELECT relname FROM pg_class WHERE relname = 'made'", '', '*'],
  ["SELECT obj_description('app.apart'::regclass)", '', '*'],
  ['SELECT 1', '', ''],
  ['SELECT count(*) FROM lonely CROSS JOIN members', '', 'lonely members'],
  ['SELECT lo_get(424242)', '', 'pg_catalog.pg_largeobject'],
  ['SELECT * FROM keyed', '', 'keyed'],
  ['SELECT * FROM by_code', '', 'by_code'],
  ['SELECT * FROM by_twice', '', 'by_twice'],
  ['SELECT * FROM by_shifting', '', 'by_shifting'],
  ['SELECT * FROM spoke', '', 'spoke'],
  ['SELECT * FROM hub_1', '', 'hub'],
  ['SELECT * FROM spread_rest', '', 'spread'],
  ['SELECT * FROM of_array', '', 'apart of_array'],
  ['SELECT * FROM of_pair', '', 'apart of_pair'],
  ['SELECT * FROM ranges', '', 'apart ranges'],
  ['SELECT poly(1)', '', 'seen'],
  ["SELECT lower('A')", '', 'apart'],
  ['SELECT lower(5)', '', 'apart'],
  ["SELECT '(1,2)' <# '(3,4)'", '', 'apart lonely'],
  ['SELECT a.p <# b.p FROM pairs a, pairs b', '', 'apart lonely pairs'],
  ['SELECT NULL::app.fine_pair', '', 'apart'],
  ['SELECT count(*) FROM pg_largeobject', '', '*'],
  ["SELECT '[1,2)'::app.int_span", '', 'apart'],
  ['SELECT * FROM classed WHERE n = 1', '', 'apart classed'],
  ['SELECT * FROM classed_parts WHERE n = 1', '', 'apart classed_parts'],
  // The type is a number.
  ["SELECT array_in('{5}', 'app.fine'::regtype, -1)", '', '*'],
  ["SELECT domain_in('5', 'app.fine'::regtype, -1) IS NULL", '', '*'],
]

describe('footprints of the catalog', () => {
  test.each([...writes, ...reads])('%s', (sql, changes, shows) => {
    expect(ground().footprint(sql)).toMatchObject({ changes: set(changes), shows: set(shows) })
  })
})

describe('effects on the server', () => {
  const observations: Observation[] = []
  const readTexts = reads.map(([sql]) => sql)

  test.each(writes)('%s changes nothing else, and meets every read that differs after it', async (sql) => {
    const observation = await ground().observe(sql, readTexts)
    observations.push(observation)
    const { differing, footprint, missed } = observation
    expect(missed).toEqual([])
    expect(differing.filter((read) => !meets(footprint.changes, ground().footprint(read).shows))).toEqual([])
  })

  test('most writes succeed, and many change what they do not name', ({ annotate }) => {
    const done = observations.filter(({ outcome }) => outcome === 'ok')
    const pairs = observations.flatMap(({ footprint, differing }) => {
      const met = readTexts.filter((read) => meets(footprint.changes, ground().footprint(read).shows))
      return [{ met: met.length, differing: differing.length }]
    })
    const sum = (of: 'met' | 'differing'): number => pairs.reduce((total, pair) => total + pair[of], 0)
    void annotate(
      `${done.length} of ${writes.length} writes succeeded; of ${writes.length * reads.length} pairs ${sum('met')} meet, ${sum('differing')} differed`,
    )
    expect(done.length).toBeGreaterThan(50)
    expect(done.filter(({ changed }) => changed.length > 1).length).toBeGreaterThan(20)
  })
})

describe('functions for values of the system, which no statement names', () => {
  const cast = 'CREATE CAST (date AS int) WITH FUNCTION app.days_and_apart(date) AS IMPLICIT'
  const comparison = `ALTER OPERATOR FAMILY pg_catalog.integer_ops USING btree
    ADD FUNCTION 1 (int, numeric) app.apart_and_numeric(int, numeric)`

  test.each([
    ['a cast', cast, 'DROP CAST (date AS int)'],
    [
      'a comparison',
      comparison,
      'ALTER OPERATOR FAMILY pg_catalog.integer_ops USING btree DROP FUNCTION 1 (int, numeric)',
    ],
  ])('%s may be called by any statement', async (_, create, drop) => {
    await ground().client.query(`
      CREATE OR REPLACE FUNCTION app.days_and_apart(date) RETURNS int LANGUAGE sql AS 'SELECT count(*)::int FROM app.apart';
      CREATE OR REPLACE FUNCTION app.apart_and_numeric(int, numeric) RETURNS int LANGUAGE sql IMMUTABLE
        AS 'SELECT sign($1 - $2)::int + 0 * count(*)::int FROM app.apart';
      ${create}`)
    await ground().look()
    expect(ground().footprint('SELECT * FROM app.lonely')).toEqual({
      changes: [],
      shows: ['app.apart', 'app.lonely'],
    })
    await ground().client.query(drop)
  })
})
