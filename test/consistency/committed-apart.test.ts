import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady, shownByReplica } from '../support/routed-pool.ts'

/** `note()` writes over a connection of its own, so that what it has noted stays whatever becomes of its caller. */
const SCHEMA = `
CREATE EXTENSION dblink;
CREATE TABLE note (what text);
CREATE TABLE target (dsn text);
CREATE TABLE thing (name text);
CREATE FUNCTION note(what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RETURN dblink_exec((SELECT dsn FROM target), format('INSERT INTO note VALUES (%L)', what)); END $$;
CREATE FUNCTION note_and_fail(what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN PERFORM note(what); RAISE EXCEPTION 'refused'; END $$;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM note_and_fail(NEW.name); RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON thing FOR EACH ROW EXECUTE FUNCTION refuse();
`

let cluster: Cluster
let pool: Pool
let neighbour: Pool

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, SCHEMA)
  const { database, host, password, port, user } = cluster.primary.config
  const dsn = `host=${host} port=${port} user=${user} password=${password} dbname=${database}`
  pool = poolOver(cluster)
  neighbour = poolOver(cluster)
  await pool.query('INSERT INTO target VALUES ($1)', [dsn])
  await cluster.caughtUp()
})

afterAll(async () => {
  await pool?.end()
  await neighbour?.end()
  await cluster?.stop()
})

const read = (what: string): string => `SELECT what FROM note WHERE what = '${what}'`

it.each<[string, (what: string) => Promise<unknown>]>([
  [
    'a transaction that is rolled back',
    async (what) => {
      const client = await pool.connect()
      await client.query('BEGIN')
      await client.query('SELECT note($1)', [what])
      await client.query('ROLLBACK')
      client.release()
    },
  ],
  [
    'a client that gets an error',
    async (what) => {
      const client = await pool.connect()
      await expect(client.query('SELECT note_and_fail($1)', [what])).rejects.toThrow('refused')
      client.release()
    },
  ],
  ['a query', (what) => expect(pool.query('SELECT note_and_fail($1)', [what])).rejects.toThrow('refused')],
  [
    'a new table whose query runs code, and that is rolled back,',
    async (what) => {
      const client = await pool.connect()
      await client.query('BEGIN')
      await client.query(`CREATE TABLE copy AS SELECT note('${what}')`)
      await client.query('ROLLBACK')
      client.release()
    },
  ],
  [
    'a SELECT INTO that fails',
    (what) => expect(pool.query(`SELECT note_and_fail('${what}') INTO copy`)).rejects.toThrow('refused'),
  ],
  [
    'a trigger that refuses a row',
    (what) => expect(pool.query('INSERT INTO thing VALUES ($1)', [what])).rejects.toThrow('refused'),
  ],
])('%s has committed something apart, and all reads of the process show it', async (what, write) => {
  await replicasReady(pool)
  await replicasReady(neighbour)
  await shownByReplica(pool, read(what))
  await shownByReplica(neighbour, read(what))
  await cluster.replicas[0]?.pauseReplay()
  try {
    await pool.withSession(() => write(what))
    const answers = await Promise.all([pool.query(read(what)), neighbour.query(read(what))])
    expect(answers.map(({ rows }) => rows)).toEqual([[{ what }], [{ what }]])
  } finally {
    await cluster.replicas[0]?.resumeReplay()
  }
})
