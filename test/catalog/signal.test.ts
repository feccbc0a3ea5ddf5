import type { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkQuery } from '../../src/catalog/load-query.ts'
import {
  compare,
  loadCatalog,
  lookAtRecent,
  type CatalogQuery,
  type Loaded,
} from '../../src/catalog/loader.ts'
import { shortened, signalParts, type Signal } from '../../src/catalog/signal.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { connected, queryOver } from './support.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
/** Another process that changes the schema. */
let other: Client
let own: Client
let query: CatalogQuery

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 0 })
  other = await connected(cluster.primary.config)
  own = await connected(cluster.primary.config)
  query = queryOver(own)
  await other.query(`
    CREATE TABLE follows (id int);
    CREATE TABLE nothing ();
    CREATE TABLE nobody ();
    CREATE TABLE led (id int NOT NULL, n int DEFAULT 1, t text);
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE ranges (id int) PARTITION BY RANGE (id);
    CREATE TABLE range_1 (id int);
    CREATE SEQUENCE counter;
    CREATE VIEW seen AS SELECT id FROM led;
    CREATE MATERIALIZED VIEW stored AS SELECT id FROM led;
    CREATE DOMAIN positive AS int;
    CREATE DOMAIN several AS int[];
    CREATE TYPE mood AS ENUM ('good');
    CREATE TYPE coin AS (x int);
    CREATE SCHEMA other;
    CREATE ROLE reader;
    CREATE FUNCTION notes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE FUNCTION adds(a int, b int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a';
    CREATE FUNCTION compares(a int, b int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a - b';
    CREATE FUNCTION spare(a int, b int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a - b';
    CREATE OPERATOR FAMILY odd USING btree;
    CREATE OPERATOR CLASS odd_ops FOR TYPE int USING btree FAMILY odd AS FUNCTION 1 compares(int, int);
    CREATE ACCESS METHOD pile TYPE TABLE HANDLER heap_tableam_handler;
    CREATE POLICY mine ON led USING (true);
    CREATE RULE also AS ON INSERT TO led DO ALSO DELETE FROM follows;
    CREATE EXTENSION pg_trgm`)
})

afterAll(async () => {
  await own?.end()
  await other?.end()
  await cluster?.stop()
})

/** One change of the schema by another process, and the part of the signal that shows it. */
const changes: readonly (readonly [part: string, sql: string])[] = [
  ['relations', 'ALTER TABLE follows RENAME TO followers'],
  ['relations', 'ALTER TABLE followers SET SCHEMA other'],
  ['relations', 'ALTER TABLE other.followers SET UNLOGGED'],
  ['relations', 'ALTER TABLE led ENABLE ROW LEVEL SECURITY'],
  ['relations', 'ALTER TABLE nobody SET ACCESS METHOD pile'],
  ['columns', 'CREATE TABLE plain (id int)'],
  ['columns', 'ALTER TABLE led RENAME t TO u'],
  ['columns', 'ALTER TABLE led ALTER u TYPE varchar'],
  ['columns', 'ALTER TABLE led ALTER u TYPE text COLLATE "C"'],
  ['columns', 'ALTER TABLE led ALTER n SET DEFAULT adds(1, 2)'],
  ['columns', `ALTER TABLE led ALTER n SET DEFAULT nextval('counter')`],
  ['columns', 'ALTER TABLE led ADD g int GENERATED ALWAYS AS (adds(id, n)) STORED'],
  ['columns', 'ALTER TABLE led ALTER g SET EXPRESSION AS (adds(n, id))'],
  ['rules', 'CREATE OR REPLACE RULE also AS ON INSERT TO led DO ALSO DELETE FROM plain'],
  ['rules', 'CREATE OR REPLACE VIEW seen AS SELECT id FROM led WHERE id > 1'],
  ['rules', 'DROP RULE also ON led'],
  ['policies', 'ALTER POLICY mine ON led USING (id IN (SELECT id FROM plain))'],
  ['policies', 'CREATE POLICY yours ON led FOR UPDATE USING (true)'],
  ['policies', 'DROP POLICY yours ON led'],
  ['inheritance', 'ALTER TABLE nobody INHERIT nothing'],
  ['inheritance', 'ALTER TABLE nobody NO INHERIT nothing'],
  ['inheritance', 'ALTER TABLE range_1 INHERIT plain'],
  ['inheritance', 'ALTER TABLE range_1 NO INHERIT plain'],
  ['inheritance', 'ALTER TABLE ranges ATTACH PARTITION range_1 FOR VALUES FROM (1) TO (9)'],
  ['relations', 'DROP TABLE nobody'],
  ['constraints', 'ALTER TABLE led ADD PRIMARY KEY (id)'],
  ['constraints', 'ALTER TABLE led ADD CONSTRAINT small CHECK (n < 10)'],
  ['constraints', 'ALTER TABLE led ADD CONSTRAINT one EXCLUDE USING hash (n WITH =)'],
  ['constraints', 'ALTER TABLE led ADD CONSTRAINT led_by FOREIGN KEY (id) REFERENCES parent'],
  [
    'constraints',
    'ALTER TABLE led DROP CONSTRAINT led_by, ADD CONSTRAINT led_by FOREIGN KEY (id) REFERENCES parent ON DELETE CASCADE',
  ],
  ['constraints', 'ALTER TABLE led DROP CONSTRAINT led_by'],
  ['constraints', 'ALTER DOMAIN positive ADD CHECK (adds(VALUE, 1) > 0)'],
  ['indexes', 'CREATE INDEX led_sum ON led (adds(id, n))'],
  ['indexes', 'DROP INDEX led_sum'],
  ['indexes', 'CREATE INDEX led_few ON led (id) WHERE adds(id, n) > 1'],
  ['indexes', 'CREATE INDEX led_odd ON led (id odd_ops)'],
  ['triggers', 'CREATE TRIGGER noted AFTER UPDATE ON led FOR EACH ROW EXECUTE FUNCTION notes()'],
  ['triggers', 'CREATE OR REPLACE TRIGGER noted AFTER DELETE ON led FOR EACH ROW EXECUTE FUNCTION notes()'],
  ['triggers', 'ALTER TABLE led DISABLE TRIGGER noted'],
  ['triggers', 'DROP TRIGGER noted ON led'],
  ['triggers', 'CREATE CONSTRAINT TRIGGER late AFTER INSERT ON led FOR EACH ROW EXECUTE FUNCTION notes()'],
  ['ownership', 'ALTER SEQUENCE counter OWNED BY plain.id'],
  ['ownership', 'ALTER SEQUENCE counter OWNED BY NONE'],
  [
    'functions',
    'CREATE OR REPLACE FUNCTION notes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM plain; RETURN NEW; END $$',
  ],
  ['functions', 'ALTER FUNCTION adds(int, int) VOLATILE'],
  ['functions', 'DROP FUNCTION spare(int, int)'],
  ['languages', 'ALTER LANGUAGE plpgsql RENAME TO pl'],
  ['languages', 'ALTER LANGUAGE pl RENAME TO plpgsql'],
  ['membership', 'ALTER EXTENSION pg_trgm DROP FUNCTION show_limit()'],
  ['membership', 'ALTER EXTENSION pg_trgm ADD FUNCTION show_limit()'],
  ['operators', 'CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = adds)'],
  ['functions', 'CREATE AGGREGATE total(int) (SFUNC = adds, STYPE = int)'],
  ['functions', 'CREATE OR REPLACE AGGREGATE total(int) (SFUNC = compares, STYPE = int)'],
  ['casts', 'CREATE CAST (coin AS text) WITH INOUT AS IMPLICIT'],
  ['types', 'ALTER DOMAIN positive SET DEFAULT 7'],
  ['types', 'ALTER DOMAIN several SET DEFAULT ARRAY[adds(1, 2)]'],
  ['enums', `ALTER TYPE mood ADD VALUE 'bad'`],
  ['collations', `CREATE COLLATION loose (provider = icu, locale = 'und', deterministic = false)`],
  ['operatorClasses', 'ALTER OPERATOR CLASS odd_ops USING btree RENAME TO even_ops'],
  ['operatorsOfFamilies', 'ALTER OPERATOR FAMILY odd USING btree ADD OPERATOR 1 <(int, int)'],
  [
    'functionsOfFamilies',
    'ALTER OPERATOR FAMILY odd USING btree ADD FUNCTION 1 (int8, int8) btint8cmp(int8, int8)',
  ],
  ['schemas', 'ALTER SCHEMA other RENAME TO another'],
  ['members', 'GRANT pg_monitor TO reader'],
  ['roles', 'ALTER ROLE reader BYPASSRLS'],
]

/** Parts on which no footprint depends. */
const unrelated: ReadonlySet<string> = new Set(['enums', 'members', 'roles'])

/** The value of each part of the signal. */
async function parts(): Promise<Readonly<Record<string, unknown>>> {
  const columns = Object.entries(signalParts).map(([name, sql]) => `(${sql})::text AS "${name}"`)
  const [row] = await query(`SET LOCAL search_path = pg_catalog; SELECT ${columns.join(', ')}`)
  return row as Readonly<Record<string, unknown>>
}

/** What a load would have given now, but for the catalog itself. */
async function loadedNow(before: Loaded): Promise<Loaded> {
  const [signal] = (await query(checkQuery())) as readonly Signal[]
  const [row] = await query('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon')
  const { counters = '', digest = '' } = signal ?? {}
  return { ...before, ...(row as { horizon: string }), signal: { counters, digest: shortened(digest) } }
}

test('each change of the schema by another process is noticed, in the part that is for it', async () => {
  const counted = 'SELECT pg_stat_force_next_flush()'
  const alone = new Set<string>()
  await other.query(counted)
  let known = await loadCatalog(query, 1)
  let before = await parts()
  for (const [part, sql] of changes) {
    await other.query(sql)
    await other.query(counted)
    expect([sql, await compare(query, known, false)]).toEqual([sql, undefined])
    // What was dropped leads to nothing any more.
    if (!unrelated.has(part) && !/DROP|NO INHERIT|OWNED BY NONE/.test(sql)) {
      const recent = await lookAtRecent(query, known, 2)
      expect([sql, recent?.footprint]).toEqual([sql, undefined])
    }
    const after = await parts()
    const changed = Object.keys(after).filter((name) => after[name] !== before[name])
    expect([sql, changed]).toEqual([sql, expect.arrayContaining([part])])
    if (changed.length === 1) alone.add(part)
    known = await loadedNow(known)
    before = after
  }
  // Without one of its parts the signal would miss one of these changes.
  expect([...alone].toSorted()).toEqual(Object.keys(signalParts).toSorted())
})
