import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseDeclarations } from '../../src/catalog/declared.ts'
import {
  loadCatalog,
  lookAtRecent,
  refresh,
  schemaOf,
  type CatalogQuery,
  type Loaded,
} from '../../src/catalog/loader.ts'
import { CatalogWatcher } from '../../src/catalog/watcher.ts'
import { systemPlatform } from '../../src/platform/system.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { until } from '../support/servers.ts'
import { connected, named, queryOver, verdictOn } from './support.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let primary: Client
let query: CatalogQuery

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  primary = await connected(cluster.primary.config)
  query = queryOver(primary)
  await primary.query(`
    CREATE SCHEMA app;
    CREATE TABLE orders (id int, note text);
    CREATE TABLE big (id int) PARTITION BY RANGE (id);
    CREATE FUNCTION total() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION checks(x int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE VIEW report AS SELECT id FROM orders;
    CREATE DOMAIN positive AS int;
    CREATE TYPE coin AS (x int);
    CREATE POLICY own ON orders USING (checks(id))`)
})

afterAll(async () => {
  await primary?.end()
  await cluster?.stop()
})

/** A migration, and the verdict that it changes. */
const migrations: readonly (readonly [sql: string, object: string, name: string, verdict: string])[] = [
  ['CREATE TABLE parcels (id int)', 'relation', 'parcels', 'replicated'],
  ['ALTER TABLE parcels SET UNLOGGED', 'relation', 'parcels', 'unlogged'],
  ['ALTER TABLE parcels RENAME TO packets', 'relation', 'parcels', 'unknown'],
  ['DROP TABLE packets', 'relation', 'packets', 'unknown'],
  ['ALTER FUNCTION total() VOLATILE', 'function', 'total', 'volatile'],
  ['ALTER FUNCTION total() STABLE', 'function', 'total', 'harmless'],
  [
    `CREATE OR REPLACE FUNCTION total() RETURNS int STABLE LANGUAGE sql AS 'SELECT pg_backend_pid()'`,
    'function',
    'total',
    'node-local',
  ],
  [
    'CREATE OR REPLACE VIEW report AS SELECT id FROM orders WHERE checks(id)',
    'relation',
    'report',
    'volatile',
  ],
  ['ALTER TABLE orders ENABLE ROW LEVEL SECURITY', 'relation', 'orders', 'volatile'],
  ['ALTER POLICY own ON orders USING (true)', 'relation', 'orders', 'replicated'],
  ['ALTER DOMAIN positive ADD CHECK (checks(VALUE))', 'type', 'positive', 'volatile'],
  ['CREATE UNLOGGED TABLE big_1 PARTITION OF big FOR VALUES FROM (1) TO (9)', 'relation', 'big', 'unlogged'],
  ['ALTER TABLE big DETACH PARTITION big_1', 'relation', 'big', 'replicated'],
  ['ALTER TABLE big ATTACH PARTITION big_1 FOR VALUES FROM (1) TO (9)', 'relation', 'big', 'unlogged'],
  ['CREATE OPERATOR ~~~> (FUNCTION = checks, RIGHTARG = int)', 'operator', '~~~>', 'volatile'],
  [
    `CREATE FUNCTION worth(c coin) RETURNS int LANGUAGE sql AS 'SELECT 1';
     CREATE CAST (coin AS int) WITH FUNCTION worth(coin) AS IMPLICIT`,
    'relation',
    'orders',
    'replicated',
  ],
  ['ALTER TABLE orders ALTER note TYPE coin USING NULL', 'relation', 'orders', 'volatile'],
  ['ALTER TABLE orders SET SCHEMA app', 'relation', 'app.orders', 'volatile'],
  ['ALTER SCHEMA app RENAME TO application', 'relation', 'application.orders', 'volatile'],
  ['CREATE EXTENSION pgcrypto', 'function', 'gen_salt', 'harmless'],
]

/** What changes system catalogs too, or looks as if it did, and no verdict. */
const unrelated = [
  'TRUNCATE application.orders',
  'INSERT INTO application.orders VALUES (1, NULL)',
  'ANALYZE',
  'VACUUM',
  'CREATE INDEX ON application.orders (id)',
  `CREATE TEMPORARY TABLE transient (id serial, positive positive);
   CREATE TEMPORARY VIEW passing AS SELECT id FROM transient`,
  'CREATE TEMPORARY TABLE offspring () INHERITS (application.orders)',
  'COMMENT ON TABLE application.orders IS $$nothing$$',
  'REINDEX TABLE application.orders',
]

/** Changes by which statements touch something else than before, though no verdict on a name changes. */
const effects: readonly string[] = [
  'CREATE TRIGGER led_noted AFTER UPDATE ON led FOR EACH ROW EXECUTE FUNCTION notes_it()',
  'CREATE OR REPLACE TRIGGER led_noted AFTER DELETE ON led FOR EACH ROW EXECUTE FUNCTION notes_it()',
  'ALTER TABLE led DISABLE TRIGGER led_noted',
  'DROP TRIGGER led_noted ON led',
  'ALTER TABLE follows ADD CONSTRAINT led_by FOREIGN KEY (id) REFERENCES led ON DELETE CASCADE',
  'ALTER TABLE follows DROP CONSTRAINT led_by',
  'ALTER TABLE led ADD CONSTRAINT led_small CHECK (n < 10)',
  'CREATE RULE led_also AS ON INSERT TO led DO ALSO DELETE FROM follows',
  'CREATE OR REPLACE RULE led_also AS ON INSERT TO led DO ALSO NOTHING',
  'CREATE INDEX led_sum ON led (adds_up(id, n))',
  'DROP INDEX led_sum',
  'CREATE INDEX led_few ON led (id) WHERE adds_up(id, n) > 1',
  'CREATE TABLE led_child () INHERITS (led)',
  'CREATE TABLE ledger_1 PARTITION OF ledger FOR VALUES FROM (1) TO (9)',
  'ALTER TABLE led ALTER n SET DEFAULT adds_up(1, 2)',
  'CREATE POLICY led_mine ON led FOR UPDATE USING (n IN (SELECT id FROM follows))',
  'CREATE OR REPLACE FUNCTION notes_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM follows; RETURN NEW; END $$',
  'CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = adds_up)',
  'CREATE AGGREGATE led_total(int) (SFUNC = adds_up, STYPE = int)',
]

describe('a refresh', () => {
  test('finds every migration, one by one, and loads for nothing else', async () => {
    let known: Loaded = await loadCatalog(query, 1)
    for (const [sql, object, name, verdict] of migrations) {
      await primary.query(sql)
      const before = known
      known = await refresh(query, before, { thoroughly: true })
      expect([sql, known.catalog.version]).toEqual([sql, before.catalog.version + 1])
      expect([sql, verdictOn(known.catalog, object as 'type', named(name))]).toEqual([sql, verdict])
    }
    for (const sql of unrelated) {
      await primary.query(sql)
      expect([sql, (await refresh(query, known, { thoroughly: true })).catalog]).toEqual([sql, known.catalog])
    }
  })

  test('finds every change of what relations lead to, each by its counters alone', async () => {
    await primary.query(`
      CREATE TABLE led (id int PRIMARY KEY, n int);
      CREATE TABLE ledger (id int, n int) PARTITION BY RANGE (id);
      CREATE TABLE follows (id int);
      CREATE FUNCTION notes_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
      CREATE FUNCTION adds_up(a int, b int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a'`)
    const counted = 'SELECT pg_stat_force_next_flush()'
    await primary.query(counted)
    let known: Loaded = await loadCatalog(query, 1)
    for (const sql of effects) {
      await primary.query(sql)
      await primary.query(counted)
      const before = known
      known = await refresh(query, before)
      expect([sql, known.catalog.version]).toEqual([sql, before.catalog.version + 1])
    }
  })

  // What was dropped leads to nothing any more.
  describe('a glance', () => {
    let known: Loaded
    beforeAll(async () => {
      known = await loadCatalog(query, 1)
    })

    test.each(effects.filter((sql) => /^CREATE|ADD CONSTRAINT/.test(sql)))('sees %s', async (sql) => {
      const again = sql
        .replaceAll(/\bled_(?=\w)/g, 'again_')
        .replace('ledger_1', 'ledger_2')
        .replace('###', '####')
      await primary.query('BEGIN')
      try {
        await primary.query(again.replace('(1) TO (9)', '(11) TO (19)'))
        expect((await lookAtRecent(query, known, 2))?.footprint).toBeUndefined()
      } finally {
        await primary.query('ROLLBACK')
      }
    })
  })

  test('on a new primary finds that nothing changed', async () => {
    const known = await loadCatalog(query, 1)
    await cluster.caughtUp()
    const replica = await connected(cluster.replicas[0]?.config ?? {})
    try {
      const there = await refresh(queryOver(replica), known)
      expect(there.signal.counters).not.toBe(known.signal.counters)
      expect(there.catalog).toBe(known.catalog)
    } finally {
      await replica.end()
    }
  })

  test('compares the counters before anything else', async () => {
    // What this connection has not reported yet would be counted in between.
    await primary.query('SELECT pg_stat_force_next_flush()')
    const known = await loadCatalog(query, 1)
    const doctored = { ...known, signal: { ...known.signal, digest: 'of another database' } }
    expect((await refresh(query, doctored)).catalog).toBe(known.catalog)
    expect((await refresh(query, doctored, { thoroughly: true })).catalog.version).toBe(2)
  })

  test('where nothing is counted compares all', async () => {
    const known = await loadCatalog(query, 1)
    await primary.query('SET track_counts = off')
    try {
      const doctored = { ...known, signal: { ...known.signal, digest: 'of another database' } }
      expect((await refresh(query, doctored)).catalog.version).toBe(2)
    } finally {
      await primary.query('RESET track_counts')
    }
  })
})

test('two objects that swap their names are another state of the database, each time', async () => {
  const pairs = Array.from({ length: 12 }, (_, index) => index)
  for (const i of pairs) await primary.query(`CREATE TYPE a${i} AS (x text); CREATE TYPE b${i} AS (x int)`)
  let before = await schemaOf(query)
  expect(before).toBe((await loadCatalog(query, 1)).signal.digest)
  for (const i of pairs) {
    await primary.query(
      `ALTER TYPE a${i} RENAME TO c${i}; ALTER TYPE b${i} RENAME TO a${i}; ALTER TYPE c${i} RENAME TO b${i}`,
    )
    const digest = await schemaOf(query)
    expect(digest).not.toBe(before)
    before = digest
  }
})

test('a watcher notices a migration over a connection that stays open', async () => {
  const asking = await connected(cluster.primary.config)
  const watcher = new CatalogWatcher({ query: queryOver(asking), platform: systemPlatform, checkEveryMs: 50 })
  watcher.start(0)
  await watcher.settled()
  try {
    await primary.query('CREATE TABLE heard_of (id int)')
    const verdict = (): string => watcher.current.relationVerdict({ name: 'heard_of' })
    await until('the table is known', () => verdict() === 'replicated', 15_000)
  } finally {
    watcher.pause()
    await watcher.settled()
    await asking.end()
  }
})

describe('a load', () => {
  test('does not care about the settings of its connection', async () => {
    await primary.query(`
      CREATE SCHEMA evil;
      CREATE TABLE evil.pg_class (oid oid);
      CREATE TABLE evil.pg_proc (oid oid);
      CREATE FUNCTION evil.lower(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT ''$$`)
    const settings = {
      search_path: 'evil,pg_catalog',
      statement_timeout: '50',
      default_transaction_isolation: 'serializable',
      default_transaction_read_only: 'on',
      standard_conforming_strings: 'off',
      DateStyle: 'German',
    }
    const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
    const odd = await connected({ ...cluster.primary.config, options: options.join(' ') })
    try {
      const declared = parseDeclarations({ relations: { [String.raw`"\'; --"`]: 'primaryOnly' } })
      const [here, there] = [await loadCatalog(query, 1), await loadCatalog(queryOver(odd), 1, { declared })]
      expect(there.counts).toEqual(here.counts)
      expect(there.signal.digest).toBe(here.signal.digest)
      expect([here, there].map(({ catalog }) => catalog.standardConformingStrings)).toEqual([true, false])
      expect(there.catalog.relationVerdict({ name: String.raw`\'; --` })).toBe('declared-primary-only')
      expect((await odd.query('SHOW search_path')).rows).toEqual([{ search_path: 'evil,pg_catalog' }])
    } finally {
      await odd.end()
    }
  })

  test('a temporary table of anybody hides the name that it has, unqualified', async () => {
    await primary.query('CREATE TABLE shadowed (id int)')
    const other = await connected(cluster.primary.config)
    try {
      await other.query('CREATE TEMPORARY TABLE shadowed (id int)')
      const { catalog } = await loadCatalog(query, 1)
      expect(catalog.relationVerdict({ name: 'shadowed' })).toBe('temporary')
      expect(catalog.relationVerdict({ schema: 'public', name: 'shadowed' })).toBe('replicated')
    } finally {
      await other.end()
    }
  })

  test('follows declarations to whatever depends on them', async () => {
    await primary.query(`
      CREATE FUNCTION audit() RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION price() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
      CREATE UNLOGGED TABLE cache (id int);
      CREATE VIEW with_audit AS SELECT audit();
      CREATE VIEW with_price AS SELECT price();
      CREATE VIEW with_cache AS SELECT * FROM cache;
      CREATE VIEW beyond_cache AS SELECT * FROM with_cache;
      CREATE VIEW with_both AS SELECT audit(), id FROM cache;
      CREATE VIEW with_time AS SELECT now()`)
    const declared = parseDeclarations({
      functions: { audit: 'readOnly', 'public.price': 'primaryOnly', 'pg_catalog.now': 'primaryOnly' },
      relations: { with_cache: 'readOnly' },
    })
    const { catalog } = await loadCatalog(query, 1, { declared })
    const names = [
      'with_audit',
      'with_price',
      'with_cache',
      'beyond_cache',
      'cache',
      'with_both',
      'with_time',
    ]
    expect(names.map((name) => catalog.relationVerdict({ name }))).toEqual([
      'replicated',
      'declared-primary-only',
      'replicated',
      'replicated',
      'unlogged',
      'unlogged',
      'declared-primary-only',
    ])
    expect(catalog.functionVerdict({ name: 'audit' })).toBe('harmless')
  })
})
