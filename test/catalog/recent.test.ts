import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { loadCatalog, lookAtRecent, type CatalogQuery, type Loaded } from '../../src/catalog/loader.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { connected, named, queryOver } from './support.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let primary: Client
let query: CatalogQuery
/** The database that each test migrates, in a transaction that is rolled back. */
let before: Loaded

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 0 })
  primary = await connected(cluster.primary.config)
  query = queryOver(primary)
  await primary.query(`
    CREATE SCHEMA app;
    SET search_path = app, public;
    CREATE TABLE orders (id int PRIMARY KEY, note text);
    CREATE TABLE items (id int REFERENCES orders);
    CREATE TABLE big (id int) PARTITION BY RANGE (id);
    CREATE UNLOGGED TABLE scratch (id int);
    CREATE VIEW report AS SELECT id FROM orders;
    CREATE FUNCTION total() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION ids() RETURNS SETOF int LANGUAGE sql AS 'SELECT id FROM report';
    CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'DELETE FROM app.items; SELECT 1';
    CREATE DOMAIN positive AS int;
    CREATE TYPE mood AS ENUM ('good');
    CREATE TYPE pair AS (a int, b int)`)
  before = await loadCatalog(query, 1)
})

beforeEach(() => primary.query('BEGIN'))
afterEach(() => primary.query('ROLLBACK'))

afterAll(async () => {
  await primary?.end()
  await cluster?.stop()
})

/** What the glance must know, so that reads need not wait. */
const known: readonly (readonly [sql: string, relations: readonly string[]])[] = [
  ['CREATE TABLE parcels (id serial PRIMARY KEY, weight numeric, m mood, p positive)', ['parcels']],
  ['CREATE TABLE parcels AS SELECT 1 AS id', ['parcels', 'orders']],
  ['ALTER TABLE orders ADD COLUMN paid boolean', ['orders', 'items', 'report']],
  ['ALTER TABLE orders RENAME TO purchases', ['purchases', 'items']],
  ['CREATE INDEX ON orders (note)', ['orders']],
  ['CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM orders', ['totals']],
  ['CREATE TABLE big_1 PARTITION OF big FOR VALUES FROM (1) TO (9)', ['big', 'big_1']],
  ['CREATE TABLE child () INHERITS (orders)', ['orders', 'child']],
  ['CREATE SCHEMA shop; CREATE TABLE shop.goods (id int)', ['shop.goods', 'orders']],
  ['DROP SCHEMA app CASCADE; CREATE SCHEMA app; CREATE TABLE app.orders (id int)', ['app.orders']],
  ['CREATE VIEW fresh AS SELECT 1', ['orders']],
  ["CREATE TYPE size AS ENUM ('s'); CREATE TABLE shirts (s size)", ['shirts', 'orders']],
  ['CREATE FUNCTION quite_new() RETURNS int LANGUAGE sql AS $$SELECT 1$$', ['orders']],
]

/** What it must not take for what it was, or for something plain. */
const doubtful: readonly string[] = [
  'CREATE UNLOGGED TABLE parcels (id int)',
  'CREATE TABLE parcels (p pair)',
  'CREATE TABLE parcels (id int); ALTER TABLE parcels ENABLE ROW LEVEL SECURITY',
  'CREATE TABLE parcels (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL)',
  'CREATE SEQUENCE counter',
  'ALTER TABLE items SET UNLOGGED',
  'ALTER TABLE scratch RENAME TO notes',
  'ALTER TABLE scratch RENAME TO a; ALTER TABLE items RENAME TO scratch; ALTER TABLE a RENAME TO items',
  'ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON orders USING (writes() > 0)',
  'CREATE OR REPLACE VIEW report AS SELECT writes() AS id',
  'DROP VIEW report CASCADE; CREATE VIEW report AS SELECT writes() AS id',
  'CREATE SCHEMA shop; CREATE VIEW shop.report AS SELECT writes() AS id',
  'CREATE UNLOGGED TABLE big_1 PARTITION OF big FOR VALUES FROM (1) TO (9)',
  'CREATE UNLOGGED TABLE child () INHERITS (orders)',
  'CREATE TABLE between_1 () INHERITS (orders); CREATE UNLOGGED TABLE below () INHERITS (between_1)',
  'ALTER TABLE scratch INHERIT items',
  'CREATE OR REPLACE FUNCTION total() RETURNS int STABLE LANGUAGE sql AS $$SELECT pg_backend_pid()$$',
  'ALTER FUNCTION total() VOLATILE',
  'ALTER FUNCTION total() RENAME TO former; CREATE FUNCTION total() RETURNS int LANGUAGE sql AS $$DELETE FROM app.items; SELECT 1$$',
  'ALTER FUNCTION total() RENAME TO former; ALTER FUNCTION writes() RENAME TO total',
  'ALTER FUNCTION ids() RENAME TO former; ALTER FUNCTION writes() RENAME TO fresh_name; CREATE FUNCTION ids() RETURNS int LANGUAGE sql AS $$SELECT fresh_name()$$',
  'CREATE FUNCTION total(x int) RETURNS int LANGUAGE sql AS $$DELETE FROM app.items; SELECT 1$$',
  'CREATE FUNCTION refuses(x int) RETURNS boolean LANGUAGE sql AS $$SELECT app.writes() > 0$$; ALTER DOMAIN positive ADD CHECK (refuses(VALUE))',
  'CREATE FUNCTION as_text(pair) RETURNS text LANGUAGE sql AS $$SELECT writes()::text$$; CREATE CAST (pair AS text) WITH FUNCTION as_text(pair)',
  'CREATE SCHEMA shop; CREATE UNLOGGED TABLE shop.orders (id int); ALTER SCHEMA app RENAME TO attic; ALTER SCHEMA shop RENAME TO app',
]

/** Names whose verdicts are compared. */
const relations = [
  'orders',
  'items',
  'big',
  'big_1',
  'scratch',
  'report',
  'parcels',
  'notes',
  'counter',
  'child',
  'below',
  'between_1',
  'purchases',
  'goods',
  'fresh',
  'totals',
  'shirts',
].flatMap((name) => [{ name }, ...['app', 'shop', 'attic'].map((schema) => ({ schema, name }))])
const functions = [
  'total',
  'ids',
  'writes',
  'quite_new',
  'refuses',
  'as_text',
  'mood',
  'positive',
  'former',
  'fresh_name',
]
const types = ['positive', 'mood', 'pair', 'size']

const migrations = [...known, ...doubtful.map((sql) => [sql, []] as const)]

test.each(migrations)('a glance knows enough, and nothing that is wrong: %s', async (sql, replicated) => {
  await primary.query(sql)
  const glance = await lookAtRecent(query, before, 2)
  expect(replicated.map((name) => [name, glance?.relationVerdict(named(name))])).toEqual(
    replicated.map((name) => [name, 'replicated']),
  )
  const { catalog } = await loadCatalog(query, 2)
  const wrong = [
    ...relations.filter(
      (name) =>
        glance?.relationVerdict(name) === 'replicated' &&
        !['replicated', 'unknown'].includes(catalog.relationVerdict(name)),
    ),
    ...functions.filter(
      (name) =>
        glance?.functionVerdict({ name }) === 'harmless' &&
        !['harmless', 'unknown'].includes(catalog.functionVerdict({ name })),
    ),
    ...types.filter(
      (name) => glance?.typeVerdict({ name }) === 'harmless' && catalog.typeVerdict({ name }) === 'volatile',
    ),
  ]
  expect(wrong).toEqual([])
})

test('a function of a row may be meant by what looks like a column, so nothing is known any more', async () => {
  await primary.query("CREATE FUNCTION sneak(orders) RETURNS int LANGUAGE sql AS 'SELECT writes()'")
  expect(await lookAtRecent(query, before, 2)).toBeUndefined()
})
