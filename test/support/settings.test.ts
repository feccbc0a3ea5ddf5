import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { ask } from './servers.ts'
import { alterSystem } from './settings.ts'
import { sharedCluster } from './shared-cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 0 })
})
afterAll(() => cluster.stop())

test('sessions have the new settings, those that were open before and new ones', async () => {
  const { config } = cluster.primary
  const open = new Client(config)
  await open.connect()
  const sql = 'show work_mem'
  const before = await ask(config, sql)
  try {
    for (let mb = 5; mb < 25; mb++) {
      await alterSystem(config, { work_mem: `${mb}MB` })
      const [first, second] = await Promise.all([open.query(sql), ask(config, sql)])
      expect([first.rows, second]).toEqual([[{ work_mem: `${mb}MB` }], [{ work_mem: `${mb}MB` }]])
    }
    await alterSystem(config, { work_mem: null })
    expect(await ask(config, sql)).toEqual(before)
  } finally {
    await open.end()
  }
})
