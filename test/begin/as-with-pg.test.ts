import { Pool as PgPool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { answersOf } from './answers.ts'
import { programs, type Step } from './programs.ts'

const SCHEMA = `
  create table accounts (id int primary key, balance int not null);
  create table parts (id int primary key, part_of int references parts deferrable initially deferred);
  create procedure adds(n int) language sql as 'insert into accounts values (n, n)';
  create procedure adds_and_commits(n int) language plpgsql as
    'begin insert into accounts values (n, n); commit; end';`
const RESET = 'truncate accounts, parts; insert into accounts values (1, 100), (2, 0)'

let cluster: Cluster
let bare: PgPool
let routed: Pool

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, SCHEMA)
  bare = new PgPool({ ...cluster.primary.config, max: 1 })
  routed = poolOver(cluster, { max: 3 })
  await replicasReady(routed)
})

afterAll(async () => {
  await Promise.all([bare?.end(), routed?.end()])
  await cluster?.stop()
})

async function runOver(pool: PgPool, program: readonly Step[]): Promise<unknown> {
  await bare.query(RESET)
  const client = await pool.connect()
  try {
    const heard = await answersOf(client, program)
    const left = client.getTransactionStatus()
    await client.query('rollback')
    const { rows } = await client.query('select * from accounts order by id')
    return { heard, left, rows }
  } finally {
    // Names must not meet those of the next program.
    client.release(true)
  }
}

describe('a transaction is answered as with pg', () => {
  it.each(Object.entries(programs))('%s', async (_name, program) => {
    const expected = await runOver(bare, program)
    expect(await runOver(routed, program)).toEqual(expected)
  })
})
