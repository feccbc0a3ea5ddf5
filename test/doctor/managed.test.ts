import { afterAll, beforeAll, expect, test } from 'vitest'
import { doctor } from '../../src/cli/doctor/doctor.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { runCommand, urlOf } from '../support/cli.ts'
import { REFUSABLE, refuse, startPoorCluster, tellStatus, type Refusal } from '../support/poor-servers.ts'
import { ask } from '../support/servers.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startPoorCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'grant pg_monitor to app')
})
afterAll(() => cluster?.stop())

interface Report {
  readonly nodes: readonly { readonly role: string; readonly lagMs?: number }[]
  readonly findings: readonly { readonly id: string; readonly severity: string }[]
}

async function examine(): Promise<Report & { readonly code: number }> {
  const login = { user: 'app', password: 'secret' }
  const replicas = cluster.replicas.flatMap((node) => ['--replica', urlOf(node, login)])
  const args = ['--json', '--primary', urlOf(cluster.primary, login), ...replicas]
  const { code, stdout, stderr } = await runCommand('doctor', doctor, args)
  expect(stderr).toBe('')
  return { code, ...(JSON.parse(stdout) as Report) }
}

test.each<Refusal>(['raises', 'denied', 'missing'])(
  'a server without any WAL function: %s',
  async (refusal) => {
    await refuse(cluster, REFUSABLE, refusal)
    const { code, nodes, findings } = await examine()
    expect(nodes.map(({ role }) => role)).toEqual(['primary', 'replica'])
    expect([...new Set(findings.map(({ id }) => id))]).toEqual(['probe-rights', 'could-not-check'])
    expect(code).toBe(1)
  },
)

test('a service that states lag in place of positions', async () => {
  await tellStatus(cluster, { lagMs: 7 })
  await refuse(cluster, ['pg_last_wal_receive_lsn', 'pg_last_wal_replay_lsn', 'pg_stat_get_wal_receiver'])
  const { code, nodes, findings } = await examine()
  expect(nodes[1]).toMatchObject({ role: 'replica', lagMs: 7 })
  expect(findings.filter(({ severity }) => severity !== 'notice')).toEqual([])
  expect(code).toBe(0)
})
