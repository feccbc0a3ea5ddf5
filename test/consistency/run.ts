import type { Consistency } from '../../src/consistency/mode.ts'
import { Pool, type PoolOptions } from '../../src/index.ts'
import { createRandom } from '../../src/cli/demo/random.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { rounded } from '../proofs/timings.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { startBalancer, type TcpProxy } from '../support/tcp-proxy.ts'
import { check, type Verdict } from './check.ts'
import { History, type Outcome } from './history.ts'
import { FAMILY_SIZE, Load, type Place } from './load.ts'
import { Registers, registersSchema } from './registers.ts'
import { TellingClient } from './telling-client.ts'
import { Trouble } from './trouble.ts'
import { alterSystem } from '../support/settings.ts'

export interface ConsistencyOptions {
  /** At least so many. */
  readonly operations: number
  readonly consistency: Consistency
  readonly callers: number
  /** Whether the primary is killed halfway, and a replica promoted. */
  readonly promotes: boolean
  /**
   * Whether commits wait until both replicas have applied them: then a replica shows many of them long before the primary
   * does. Not with a promotion.
   */
  readonly isSynchronous?: boolean
  /**
   * Whether the replicas share one address, which is all that reads may use. Each has one of its own besides, to be found by as
   * the primary; then both lead there.
   */
  readonly isBalanced?: boolean
  readonly seed: number
}

export interface ConsistencyFigures extends Verdict {
  readonly consistency: Consistency
  readonly isSynchronous: boolean
  readonly seed: number
  readonly operations: number
  readonly sessions: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  readonly errors: Readonly<Record<string, number>>
  /** Share of the reads that a replica answered, 0 to 1. */
  readonly offThePrimary: number
  readonly pauses: number
  readonly kills: number
  readonly promotions: number
  readonly drains: number
  /** Of the load and the trouble; the cluster's start and the check not included. */
  readonly seconds: number
  readonly checkSeconds: number
}

const FAMILIES = 16

/** Two pools of one new cluster, under load and in trouble; and what the sessions were shown, judged. */
export async function runConsistency(options: ConsistencyOptions): Promise<ConsistencyFigures> {
  const {
    callers,
    consistency,
    isBalanced = false,
    isSynchronous = false,
    operations,
    promotes,
    seed,
  } = options
  const history = new History()
  await using cluster = await startCluster({ replicas: 2 })
  await ask(cluster.primary.config, registersSchema(FAMILIES * FAMILY_SIZE))
  await cluster.caughtUp()
  if (isSynchronous) await waitForAll(cluster)
  await using balancer = await startBalancer(cluster.replicas.map(({ config }) => config))
  const replicas = isBalanced ? behind(balancer, cluster) : cluster.replicas.map(({ config }) => config)
  const settings: PoolOptions = { ...cluster.primary.config, replicas, consistency }
  const places: readonly [Place, Place] = [placeOver(settings, history), placeOver(settings, history)]
  const trouble = new Trouble(cluster, createRandom(seed + 1))
  try {
    await Promise.all(places.map(({ pool }) => replicasReady(pool, isBalanced ? 1 : undefined)))
    const startedAtMs = performance.now()
    const hasDone = (share: number) => (): boolean => history.size >= share * operations
    const load = new Load({
      history,
      places,
      random: createRandom(seed),
      families: FAMILIES,
      callers,
      goesOn: () => !hasDone(1)() || (promotes && trouble.promotions === 0),
    })
    const make = async (): Promise<void> => {
      await trouble.makeUntil(hasDone(0.5))
      if (promotes) await trouble.promote()
      await trouble.makeUntil(hasDone(1))
    }
    const pools = isBalanced ? [] : places.map(({ pool }) => pool)
    await Promise.all([load.run(), make(), trouble.drainUntil(hasDone(1), pools)])
    const loadedAtMs = performance.now()
    const verdict = check(history)
    return {
      consistency,
      isSynchronous,
      seed,
      operations: history.size,
      sessions: history.sessions.length,
      outcomes: outcomesOf(history),
      ...verdict,
      errors: mergedErrors(places),
      offThePrimary: offloadOf(places),
      pauses: trouble.pauses,
      kills: trouble.kills,
      promotions: trouble.promotions,
      drains: trouble.drains,
      seconds: rounded((loadedAtMs - startedAtMs) / 1000),
      checkSeconds: rounded((performance.now() - loadedAtMs) / 1000),
    }
  } finally {
    await Promise.all(places.map(({ pool }) => pool.end()))
  }
}

/** From now on commits are shown on the primary when all replicas show them. */
async function waitForAll({ primary, replicas }: Cluster): Promise<void> {
  const names = replicas.map(({ name }) => name).join(', ')
  await alterSystem(primary.config, {
    synchronous_standby_names: `FIRST ${replicas.length} (${names})`,
    synchronous_commit: 'remote_apply',
  })
}

/** One address for all reads, and those of servers that may become the primary. */
function behind(balancer: TcpProxy, { replicas }: Cluster): NonNullable<PoolOptions['replicas']> {
  return [{ ...balancer.config, balanced: true }, ...replicas.map(({ config }) => ({ ...config, weight: 0 }))]
}

function placeOver(settings: PoolOptions, history: History): Place {
  const pool = new Pool({ ...settings, Client: TellingClient, logger: false })
  return { pool, registers: new Registers(pool, history), session: history.open('process') }
}

function outcomesOf(history: History): Record<Outcome, number> {
  const counts: Record<Outcome, number> = { open: 0, answered: 0, failed: 0, unknown: 0 }
  for (let index = 0; index < history.size; index++) counts[history.at(index).outcome] += 1
  return counts
}

function mergedErrors(places: readonly Place[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { registers } of places) {
    for (const [text, count] of Object.entries(registers.errors.report())) {
      counts[text] = (counts[text] ?? 0) + count
    }
  }
  return counts
}

function offloadOf(places: readonly Place[]): number {
  const stats = places.map(({ pool }) => pool.stats())
  const reads = stats.reduce((sum, each) => sum + each.reads, 0)
  const off = stats.reduce((sum, each) => sum + each.reads * each.offload, 0)
  return rounded(reads === 0 ? 0 : off / reads, 3)
}
