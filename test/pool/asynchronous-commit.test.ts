import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { CausalBench, readNote } from '../support/causal-bench.ts'
import { ask } from '../support/servers.ts'

let bench: CausalBench

beforeAll(async () => {
  // What is committed without a flush stays unflushed for long.
  bench = await CausalBench.start({ settings: { wal_writer_delay: '2s' } })
})

afterEach(async () => {
  await ask(bench.cluster.primary.config, 'alter role current_user reset synchronous_commit')
  await bench.tidy()
})

afterAll(async () => {
  await bench.cluster.stop()
})

/** Writes and reads, over and over: what is not flushed is on no replica. */
async function neverStale(pool: Pool, write: () => Promise<number>): Promise<void> {
  for (let i = 0; i < 15; i++) {
    const version = await write()
    expect(await readNote(pool)).toMatchObject({ version })
  }
}

const USING_A_CLIENT: readonly [string, string][] = [
  ['SET', 'set synchronous_commit = off'],
  ['set_config', `select set_config('synchronous_commit', 'off', false)`],
  ['a DO block', `do $$ begin perform set_config('synchronous_commit', 'off', false); end $$`],
]

it('by a setting of the role, commits are covered though they are not flushed', async () => {
  await ask(bench.cluster.primary.config, 'alter role current_user set synchronous_commit = off')
  const pool = await bench.open({ waitMs: 30 })
  await neverStale(pool, () => bench.write(pool))
})

it.each(USING_A_CLIENT)('switched off by a client with %s, too', async (_name, sql) => {
  const pool = await bench.open({ waitMs: 30 })
  const client = await pool.connect()
  try {
    await client.query(sql)
    let version = 1_000_000
    await neverStale(pool, async () => {
      version += 1
      await client.query('update notes set version = $1 where id = 1', [version])
      return version
    })
  } finally {
    client.release(true)
  }
})

it('switched off with a parameter, or within a transaction, too', async () => {
  const pool = await bench.open({ waitMs: 30 })
  await neverStale(pool, async () => {
    const version = await bench.write(pool)
    const client = await pool.connect()
    await client.query('begin')
    await client.query('select set_config($1, $2, true)', ['synchronous_commit', 'off'])
    await client.query('update notes set version = version + 500000 where id = 1')
    await client.query('commit')
    client.release()
    return version + 500_000
  })
})
