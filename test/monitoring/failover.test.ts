import { afterEach, expect, test } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { Watch } from './watch.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let watch: Watch

async function start(): Promise<void> {
  cluster = await sharedCluster({ replicas: 2 })
  watch = new Watch(cluster.nodes)
  await watch.monitor.settled()
  expect(watch.shown).toBe('primary replica replica')
}

afterEach(async () => {
  await watch?.monitor.close()
  await cluster?.stop()
})

/** The node that was the primary in each snapshot, repetitions left out. */
function primaries(): readonly string[] {
  const ids = watch.told.map(({ primary }) => primary?.id ?? 'nobody')
  return ids.filter((id, index) => id !== ids[index - 1])
}

test('after a promotion the roles follow, and lag is measured against the new primary', async () => {
  await start()
  await cluster.promote(1)
  await watch.untilShown('replica replica primary')
  await cluster.caughtUp()
  await watch.until('lag is known', () => watch.lagMs('node2') === 0 && watch.lagMs('node1') === 0)
  expect(primaries().filter((id) => id !== 'nobody')).toEqual(['node1', 'node3'])
})

test('an old primary that was never stopped is fenced, also once the new one is stopped', async () => {
  await start()
  await cluster.promote(1, { oldPrimary: 'keep' })
  await watch.untilShown('old-timeline replica primary')
  await cluster.primary.stop()
  await watch.untilShown('old-timeline replica down')
  const told = watch.told.length
  await watch.until('some more looks', () => watch.told.length > told + 20)
  expect(watch.monitor.snapshot.primary).toBeUndefined()
  expect(primaries().filter((id) => id !== 'nobody')).toEqual(['node1', 'node3'])
  await cluster.primary.start()
  await watch.untilShown('old-timeline replica primary')
})

test('an old primary that comes back while the new one is down is fenced', async () => {
  await start()
  const [old] = cluster.nodes
  await old?.kill()
  await cluster.promote(1, { oldPrimary: 'keep' })
  await watch.untilShown('down replica primary')
  await cluster.primary.stop()
  await watch.untilShown('down replica down')
  await old?.start()
  await watch.untilShown('old-timeline replica down')
  expect(watch.monitor.snapshot.primary).toBeUndefined()
  expect(primaries().filter((id) => id !== 'nobody')).toEqual(['node1', 'node3'])
})

test('a primary that crashes and comes back is the primary again', async () => {
  await start()
  const restarting = cluster.primary.kill().then(() => cluster.primary.start())
  await watch.until('it was missed', () => primaries().includes('nobody'))
  await restarting
  await watch.untilShown('primary replica replica')
  expect(primaries().at(-1)).toBe('node1')
})

test('a caller that waits for a primary has it soon after the promotion', async () => {
  await start()
  await cluster.primary.kill()
  const waited = watch.monitor.awaitSnapshot(({ primary }) => primary?.id === 'node3', 15_000)
  await cluster.promote(1)
  const asked = performance.now()
  expect(await waited).toBe(true)
  expect(performance.now() - asked).toBeLessThan(1000)
})
