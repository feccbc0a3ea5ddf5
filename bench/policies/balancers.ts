import { createRandom } from '../../src/cli/demo/random.ts'
import {
  leastInFlight,
  peakEwma,
  powerOfTwoChoices,
  preferTags,
  smoothWeightedRoundRobin,
  weightedRandom,
  type Balancer,
  type Pool,
} from '../../src/index.ts'
import { applyDelay } from '../../test/support/apply-delay.ts'
import { openLoop, type OpenLoopFigures } from '../support/open-loop.ts'
import { openPool, READ, SERVICE_MS, sharesSince, type Ground, type PoolGiven } from './ground.ts'

const BALANCERS: Readonly<Record<string, () => Balancer>> = {
  'round robin': smoothWeightedRoundRobin,
  'weighted random': weightedRandom,
  'least in flight': leastInFlight,
  'two choices': powerOfTwoChoices,
  'peak EWMA': peakEwma,
  'zone, peak EWMA': () => preferTags([{ zone: 'a' }], { balancer: peakEwma() }),
}

/** Causes a trouble. Returns a function that ends it. */
type Trouble = (ground: Ground, pool: Pool) => Promise<() => Promise<void>>

const nothing = async (): Promise<void> => {}
const SLOWER = 10
const ZONE_MS = 3

const SCENARIOS: Readonly<Record<string, { readonly trouble: Trouble; readonly given?: PoolGiven }>> = {
  equal: { trouble: async () => nothing },
  'without it': { trouble: async () => nothing, given: { without: 0 } },
  'one 10x slower': {
    trouble: async ({ proxies }) => {
      proxies[0]?.delay(((SLOWER - 1) * SERVICE_MS) / 2)
      return async () => proxies[0]?.delay(0)
    },
  },
  'one flapping': {
    trouble: async ({ proxies }) => {
      const [proxy] = proxies
      let isOver = false
      const flap = async (): Promise<void> => {
        while (!isOver) {
          await proxy?.cut()
          await pause(200)
          await proxy?.restore()
          await pause(400)
        }
      }
      const flapping = flap()
      return async () => {
        isOver = true
        await flapping
      }
    },
  },
  'one lagging': {
    trouble: async ({ cluster }, pool) => {
      const [lagging] = cluster.replicas
      if (lagging !== undefined) await applyDelay(lagging, 300)
      let isOver = false
      const write = async (): Promise<void> => {
        while (!isOver) {
          await pool.query('update versions set version = version + 1 where id = 1')
          await pause(50)
        }
      }
      const writing = write()
      return async () => {
        isOver = true
        await writing
        if (lagging !== undefined) await applyDelay(lagging, 0)
        await cluster.caughtUp()
      }
    },
  },
  'zones 6 ms apart': {
    trouble: async ({ proxies }) => {
      for (const proxy of proxies.slice(1)) proxy.delay(ZONE_MS)
      return async () => {
        for (const proxy of proxies) proxy.delay(0)
      }
    },
  },
}

export interface BalancerFigures extends OpenLoopFigures {
  readonly scenario: string
  readonly balancer: string
  readonly shares: Readonly<Record<string, number>>
  readonly offload: number
}

export interface Measure {
  readonly seed: number
  readonly seconds: number
  readonly perSecond: number
  readonly told: (line: string) => void
  /** Only those with one of these names. Absent: all. */
  readonly scenarios?: readonly string[] | undefined
  readonly lagsMs?: readonly number[] | undefined
}

/** Every balancer in every trouble, each with a pool of its own and the same arrivals. */
export async function measureBalancers(
  ground: Ground,
  measure: Measure,
): Promise<readonly BalancerFigures[]> {
  const figures: BalancerFigures[] = []
  for (const [scenario, { trouble, given }] of Object.entries(SCENARIOS)) {
    if (measure.scenarios?.includes(scenario) === false) continue
    for (const [balancer, create] of Object.entries(BALANCERS)) {
      const pool = await openPool(ground, create(), given)
      const end = await trouble(ground, pool)
      let before = pool.stats()
      const measured = await openLoop({
        random: createRandom(measure.seed),
        perSecond: measure.perSecond,
        seconds: measure.seconds,
        warmUpSeconds: Math.min(1, measure.seconds),
        warm: () => (before = pool.stats()),
        once: () => pool.query(READ),
      })
      const cell = { scenario, balancer, ...measured, ...sharesSince(before, pool.stats()) }
      await end()
      await pool.end()
      figures.push(cell)
      measure.told(
        `${scenario}, ${balancer}: p50/p99/p99.9 ${cell.p50Ms}/${cell.p99Ms}/${cell.p999Ms} ms, ` +
          `shares ${Object.values(cell.shares).join(' ')}, ${cell.errors} errors`,
      )
    }
  }
  return figures
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
