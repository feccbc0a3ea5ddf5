import { Query } from 'pg'
import { afterEach, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { CausalBench, readNote } from '../support/causal-bench.ts'
import { ask } from '../support/servers.ts'

// What is committed without a flush stays unflushed for long.
const bench = CausalBench.forTests({ settings: { wal_writer_delay: '2s' } })

afterEach(() => ask(bench.cluster.primary.config, 'alter role current_user reset synchronous_commit'))

/** Writes and reads, over and over, and counts the reads that miss the write: what is not flushed is on no replica. */
async function staleReads(pool: Pool, write: () => Promise<number>): Promise<number> {
  let stale = 0
  for (let i = 0; i < 15; i++) {
    const version = await write()
    if ((await readNote(pool)).version !== version) stale += 1
  }
  return stale
}

const USING_A_CLIENT: readonly [string, string][] = [
  ['SET', 'set synchronous_commit = off'],
  ['set_config', `select set_config('synchronous_commit', 'off', false)`],
  ['a DO block', `do $$ begin perform set_config('synchronous_commit', 'off', false); end $$`],
]

it('by a setting of the role, commits are covered though they are not flushed', async () => {
  await ask(bench.cluster.primary.config, 'alter role current_user set synchronous_commit = off')
  const pool = await bench.open({ catchUpTimeoutMs: 30 })
  expect(await staleReads(pool, () => bench.write(pool))).toBe(0)
})

it.each(USING_A_CLIENT)('switched off by a client with %s, too', async (_name, sql) => {
  const pool = await bench.open({ catchUpTimeoutMs: 30 })
  const client = await pool.connect()
  try {
    await client.query(sql)
    let version = 1_000_000
    const stale = await staleReads(pool, async () => {
      version += 1
      await client.query('update notes set version = $1 where id = 1', [version])
      return version
    })
    expect(stale).toBe(0)
  } finally {
    client.release(true)
  }
})

it('switched off by a query object, too', async () => {
  const pool = await bench.open({ catchUpTimeoutMs: 30 })
  const client = await pool.connect()
  try {
    const setting = new Query('set synchronous_commit = off', undefined)
    await new Promise((resolve) => client.query(setting).on('end', resolve))
    let version = 2_000_000
    const stale = await staleReads(pool, async () => {
      version += 1
      await client.query('update notes set version = $1 where id = 1', [version])
      return version
    })
    expect(stale).toBe(0)
  } finally {
    client.release(true)
  }
})

it('switched off with a parameter, or within a transaction, too', async () => {
  const pool = await bench.open({ catchUpTimeoutMs: 30 })
  const stale = await staleReads(pool, async () => {
    const version = await bench.write(pool)
    const client = await pool.connect()
    await client.query('begin')
    await client.query('select set_config($1, $2, true)', ['synchronous_commit', 'off'])
    await client.query('update notes set version = version + 500000 where id = 1')
    await client.query('commit')
    client.release()
    return version + 500_000
  })
  expect(stale).toBe(0)
})
