import { Client } from 'pg'
import { connectBy } from '../../src/platform/connect.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NodeProbe } from '../../src/monitoring/node-probe.ts'
import { systemPlatform } from '../../src/platform/system.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import type { Observation } from '../../src/topology/node.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

/** A role without any rights of its own, and one that may read statistics. */
const ROLES = ['bare', 'monitoring'] as const

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  const sql = `create role bare login password 'secret';
    create role monitoring login password 'secret' in role pg_monitor;
    create role reading login password 'secret';
    alter role reading set default_transaction_read_only = on`
  await ask(cluster.primary.config, sql)
  await cluster.caughtUp()
})

afterAll(() => cluster?.stop())

async function observed(index: number, user: string): Promise<Observation> {
  const config = { ...cluster.nodes[index]?.config, user, password: 'secret' }
  const probe = new NodeProbe(config, connectBy(Client), systemPlatform, 5000, () => {})
  try {
    return await probe.probe()
  } finally {
    await probe.close()
  }
}

describe.each(ROLES)('a role that is %s', (role) => {
  it('sees a primary entirely', async () => {
    expect(await observed(0, role)).toMatchObject({
      role: 'primary',
      systemIdentifier: expect.stringMatching(/^\d+$/),
      lsn: expect.any(BigInt),
      timeline: 1,
      isReadOnly: false,
    })
  })

  it('sees a replica entirely', async () => {
    expect(await observed(1, role)).toMatchObject({
      role: 'replica',
      lsn: expect.any(BigInt),
      receivedLsn: expect.any(BigInt),
      timeline: 1,
    })
  })
})

it('two probes of one server agree on its identity, under any role; two servers differ', async () => {
  const [a, b, c] = [await observed(1, 'bare'), await observed(1, 'monitoring'), await observed(2, 'bare')]
  expect(a.serverIdentity).toBe(b.serverIdentity)
  expect(a.serverIdentity).not.toBe(c.serverIdentity)
  expect(a.systemIdentifier).toBe(c.systemIdentifier)
})

it('a role whose transactions are read-only by its own setting says so', async () => {
  expect(await observed(0, 'reading')).toMatchObject({ role: 'primary', isReadOnly: true })
})

it('a role that may not ask for the system identifier sees the rest', async () => {
  const { config } = cluster.primary
  await ask(config, 'revoke execute on function pg_control_system() from public')
  expect(await observed(0, 'bare')).toMatchObject({
    role: 'primary',
    systemIdentifier: '0',
    lsn: expect.any(BigInt),
    timeline: 1,
  })
  await ask(config, 'grant execute on function pg_control_system() to public')
  await cluster.caughtUp()
})

it('after a promotion pg_monitor sees the new timeline at once, others with the next restart point', async () => {
  await cluster.promote(0)
  expect(await observed(1, 'bare')).toMatchObject({ role: 'primary', timeline: 2 })
  expect(await observed(2, 'monitoring')).toMatchObject({ role: 'replica', timeline: 2 })
  expect(await observed(2, 'bare')).toMatchObject({ role: 'replica', timeline: 1 })
  await ask(cluster.primary.config, 'checkpoint')
  await cluster.caughtUp()
  const [, , follower] = cluster.nodes
  await until(
    'the follower knows',
    async () => {
      await ask(follower?.config ?? {}, 'checkpoint')
      return (await observed(2, 'bare')).timeline === 2
    },
    15_000,
  )
})
