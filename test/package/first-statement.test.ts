import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { ask } from '../support/servers.ts'
import { installPacked, type Consumer } from './install.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

// The first statement of a process runs on the primary before the parser is loaded.

let consumer: Consumer
let cluster: Cluster
beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table first (a int)')
  await cluster.caughtUp()
  consumer = installPacked()
})
afterAll(async () => {
  consumer?.remove()
  await cluster?.stop()
})

/** Runs a program with a new pool, and the decisions about its statements. Returns what it has put into `seen`. */
function seenBy(text: string): unknown {
  const file = join(consumer.folder, 'program.mjs')
  writeFileSync(
    file,
    `
    import { Pool } from 'pg-switchyard'
    const pool = new Pool({ ...JSON.parse(process.env.CONFIG), consistency: 'causal' })
    const decided = []
    pool.events.on('decision', ({ statement, role }) => decided.push([statement, role]))
    const seen = {}
    ${text}
    await pool.end()
    console.log(JSON.stringify({ ...seen, decided }))
  `,
  )
  const config = { ...cluster.primary.config, replicas: cluster.replicas.map((node) => node.config) }
  const own = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|JEST)/.test(name))
  const env = { ...Object.fromEntries(own), CONFIG: JSON.stringify(config) }
  return JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8', env }))
}

test('a read goes to the primary, and the next one to a replica', () => {
  const seen = seenBy(`
    seen.before = (await pool.query('select 1 as one')).rows[0].one
    await pool.ready()
    seen.after = (await pool.query('select 2 as two')).rows[0].two
  `)
  expect(seen).toEqual({
    before: 1,
    after: 2,
    decided: [
      ['parser-loading', 'primary'],
      ['select', 'replica'],
    ],
  })
})

test('what the first statement has written, later reads show', async () => {
  await cluster.replicas[0]?.pauseReplay()
  const seen = seenBy(`
    await pool.query('insert into first values (1)')
    // From now on the read is proven to be one, and a replica might serve it.
    await pool.ready()
    seen.read = (await pool.query('select count(*)::int as n from first')).rows[0].n
  `)
  await cluster.replicas[0]?.resumeReplay()
  expect(seen).toMatchObject({
    read: 1,
    decided: [
      ['parser-loading', 'primary'],
      ['select', 'replica'],
    ],
  })
})

test('an error of the first statement is its answer', () => {
  const seen = seenBy(`
    seen.code = await pool.query('select * from nowhere').catch((error) => error.code)
    seen.next = (await pool.query('select 1 as one')).rows[0].one
  `)
  expect(seen).toMatchObject({ code: '42P01', next: 1 })
})

test.each([
  [
    'a setting',
    `await pool.query("set app.first = 'yes'"); seen.is = (await pool.query("select current_setting('app.first', true) as is")).rows[0].is`,
    'yes',
    'set',
  ],
  [
    'a statement of a session',
    `seen.is = (await pool.session().run(() => pool.query('select 1 as is'))).rows[0].is`,
    1,
    'select',
  ],
  [
    'a statement of a client',
    `const client = await pool.connect(); seen.is = (await client.query('select 1 as is')).rows[0].is; client.release()`,
    1,
    'select',
  ],
])('%s waits for the parser', (_name, text, is, reason) => {
  const { decided, ...seen } = seenBy(text) as { is: unknown; decided: readonly [string, string][] }
  expect(seen).toEqual({ is })
  expect(decided[0]?.[0]).toBe(reason)
})

test('a program that ends after its first answer is not held up by the parser', () => {
  expect(seenBy(`await pool.query('select 1')`)).toMatchObject({ decided: [['parser-loading', 'primary']] })
})
