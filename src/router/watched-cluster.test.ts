import { afterEach, expect, test } from 'vitest'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { FakeNetwork, primaryRow, replicaRow } from '../../test/support/fake-servers.ts'
import { primaryView } from '../../test/support/views.ts'
import { resolveOptions } from '../config/resolved-options.ts'
import type { Selection } from '../selection/plan.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import { WatchedCluster } from './watched-cluster.ts'

const EMPTY: QueryPlan = { steps: [], rejected: [] }
const FULL: QueryPlan = { steps: [{ node: primaryView('a'), reason: 'primary' }], rejected: [] }

let cluster: WatchedCluster

afterEach(() => cluster.close())

test('a plan whose node fails before the wait ends is waited for again', async () => {
  const [network, platform] = [new FakeNetwork(), new FakePlatform()]
  network.at('a').row = primaryRow('0/1000', 'a')
  network.at('b').row = replicaRow('0/1000', 'b')
  cluster = new WatchedCluster({
    resolved: resolveOptions({ host: 'a', replicas: ['postgres://b'], logger: false }),
    connect: network.connect,
    platform,
    selection: {} as Selection,
    onSnapshot: () => {},
    isInUse: () => true,
    onRest: () => {},
  })
  void cluster.look()
  await settle()
  const plans = [EMPTY, FULL, EMPTY, EMPTY]
  let found: QueryPlan | undefined
  void cluster.awaitPlan(() => plans.shift() ?? FULL, 30_000).then((plan) => (found = plan))
  await platform.advance(1_000)
  expect([found, plans]).toEqual([FULL, []])
})
