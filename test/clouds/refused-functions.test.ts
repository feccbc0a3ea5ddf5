import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { expectPromises, offloads, openPool } from '../support/poor-promises.ts'
import {
  refuse,
  REFUSABLE,
  startPoorCluster,
  tellNoStatus,
  tellStatus,
  type Refusal,
  type RefusedFunction,
} from '../support/poor-servers.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startPoorCluster()
})

afterAll(() => cluster?.stop())

beforeEach(() => {
  pool = openPool(cluster)
})

afterEach(() => pool.end())

describe.each<Refusal>(['raises', 'denied', 'missing'])('one function that %s', (refusal) => {
  it.each(REFUSABLE)('%s', async (name) => {
    await refuse(cluster, [name], refusal)
    await expectPromises(pool, offloads([name], false))
  })
})

/** Functions that go together, so that all sets of them can be tried. */
const GROUPS: Readonly<Record<string, readonly RefusedFunction[]>> = {
  replay: ['pg_last_wal_replay_lsn'],
  receive: ['pg_last_wal_receive_lsn', 'pg_stat_get_wal_receiver'],
  current: ['pg_current_wal_flush_lsn', 'pg_current_wal_lsn', 'pg_current_wal_insert_lsn', 'pg_walfile_name'],
  control: ['pg_control_system', 'pg_control_checkpoint', 'pg_control_recovery'],
  recovery: ['pg_is_in_recovery'],
}
const NAMES = Object.keys(GROUPS)
const SETS = Array.from({ length: 2 ** NAMES.length }, (_, set) =>
  NAMES.filter((_name, index) => (set >> index) % 2 === 1),
)

describe.each(['no status', 'a status', 'a status that names no instance'])('with %s, without', (status) => {
  const hasStatus = status !== 'no status'

  beforeAll(async () => {
    await refuse(cluster, [])
    if (hasStatus) await tellStatus(cluster, { tellsInstance: status === 'a status' })
    else await tellNoStatus(cluster)
  })

  it.each(SETS.map((names) => [names.join(', ') || 'nothing', names] as const))(
    '%s',
    async (_names, names) => {
      const refused = names.flatMap((name) => GROUPS[name] ?? [])
      await refuse(cluster, refused)
      await expectPromises(pool, offloads(refused, hasStatus))
    },
  )
})

/** Sets of single functions that do not go together, of which there are too many to try all: the same ones in each run. */
const MIXTURES = Array.from({ length: 24 }, (_, index) => {
  let state = index + 1
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  for (let i = 0; i < 10; i += 1) random()
  const names = REFUSABLE.filter(() => random() < 0.3)
  return [names.join(', ') || 'nothing', names] as const
})

describe.each<Refusal>(['raises', 'denied', 'missing'])('a mixture of functions that %s', (refusal) => {
  beforeAll(() => tellNoStatus(cluster))

  it.each(MIXTURES)('%s', async (_names, names) => {
    await refuse(cluster, names, refusal)
    await expectPromises(pool, offloads(names, false))
  })
})
