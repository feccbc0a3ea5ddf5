import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'

let cluster: Cluster
const open = poolsForTests(() => cluster, {})

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    itemsTable(3),
    'create function noted(int) returns int volatile language plpgsql as $$ begin insert into items values ($1 + 1000); return $1; end $$',
  )
})

afterAll(() => cluster.stop())

test('a read of a session that wrote: its floor, what it shows, each node; as text and as JSON', async () => {
  const pool = await open()
  await cluster.replicas[0]?.pauseReplay()
  try {
    await pool.withSession(async () => {
      await pool.query('update items set label = label where id = 1')
      const explanation = await pool.explain('select label from items where id = 1')
      const { footprint } = explanation.statement
      expect(footprint).toMatchObject({ changes: [], shows: ['public.items'] })
      expect(explanation.session.lastWriteMsAgo).toBeGreaterThanOrEqual(0)
      expect(explanation.plan.rejected).toMatchObject([{ reason: 'behind-session' }])
      const text = String(explanation)
      expect(text).toMatch(/^Statement {2}read \(select\)$/m)
      expect(text).toMatch(/^Session {4}wrote \d+ ms ago/m)
      expect(text).toMatch(/behind-session/)
      const read: unknown = JSON.parse(JSON.stringify(explanation))
      expect(read).toMatchObject({ statement: { reason: 'select' }, session: explanation.session })
      expect(Object.keys(read as object)).not.toContain('toString')
    })
  } finally {
    await cluster.replicas[0]?.resumeReplay()
  }
})

test('the part of the text behind a verdict, and nothing runs', async () => {
  const pool = await open()
  const { rows: before } = await pool.query('select count(*) from items')
  const text = String(await pool.explain("select label,\n  noted(1) from items where label <> 'secret'"))
  expect(text).toMatch(/^Because of noted\(\), line 2, column 3$/m)
  expect(text).toMatch(/^Advice /m)
  expect(text).not.toContain('secret')
  expect((await pool.query('select count(*) from items')).rows).toEqual(before)
})

test('a client that is pinned says so in its text', async () => {
  const pool = await open()
  const client = await pool.connect()
  await client.query('listen news')
  const explained = await (client as unknown as { explain(sql: string): Promise<unknown> }).explain(
    'select 1',
  )
  client.release()
  expect(String(explained)).toMatch(/^Pinned by {2}listen$/m)
})
