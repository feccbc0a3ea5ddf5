import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client } from 'pg'
import { shownUpTo } from '../../src/consistency/shown-up-to.ts'
import { parseLsn, withoutPageHeader } from '../../src/topology/lsn.ts'
import { PROBE_SQL, readProbe, type ProbeRow } from '../../src/topology/probe.ts'
import { PROGRESS_SQL, readProgress } from '../../src/topology/progress.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'

// Redo of a commit first shows it, then deletes the files of dropped tables, and only then advances the replay position.
const ROUNDS = 15
const TABLES = 300

let cluster: Cluster
const clients: Client[] = []

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, 'create table marks (round int)')
})

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()))
  await cluster.stop()
})

async function connected(config: object): Promise<Client> {
  const client = new Client(config)
  clients.push(client)
  await client.connect()
  return client
}

async function rowOf(client: Client, text: string): Promise<ProbeRow> {
  const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' })
  return rows[0] ?? []
}

const tables = Array.from({ length: TABLES }, (_unused, index) => `scratch${index}`)

it('data that a replica has shown is covered, also while redo shows a commit that its position has not reached', async () => {
  const [replica] = cluster.replicas
  const writer = await connected(cluster.primary.config)
  const reader = await connected(replica?.config ?? {})
  const known = readProbe(await rowOf(reader, PROBE_SQL), 0, 0)
  let early = 0
  for (let round = 1; round <= ROUNDS; round++) {
    await writer.query(tables.map((name) => `create table ${name} (id int)`).join(';'))
    await cluster.caughtUp()
    await writer.query('begin')
    await writer.query(`drop table ${tables.join()}`)
    await writer.query(`insert into marks values (${round})`)
    const [inserted] = await rowOf(writer, 'select pg_current_wal_insert_lsn()::text')
    const before = withoutPageHeader(parseLsn(inserted ?? '') ?? 0n)
    const committed = writer.query('commit')
    const shows = `select 1 from marks where round = ${round}`
    while ((await reader.query(shows)).rows.length === 0);
    const observation = readProgress(await rowOf(reader, PROGRESS_SQL), known, 0, 0)
    await committed
    // The commit's record begins at or behind `before`.
    if ((observation?.lsn ?? 0n) <= before) early += 1
    const covering = observation && shownUpTo(observation)
    expect(covering?.lsn).toBeGreaterThan(before)
  }
  expect(early).toBeGreaterThan(0)
})
