import type { Random } from '../../simulation/random.ts'
import { ask, until } from '../../support/servers.ts'
import { pause } from '../timings.ts'
import type { History } from './history.ts'
import { APP, truthOf } from './tables.ts'
import type { ChaosServer, World } from './world.ts'

/** Surroundings of one fault. */
export interface Scene {
  readonly world: World
  readonly history: History
  /** Randomness of this fault alone. */
  readonly random: Random
  /** How long faults last, in milliseconds. */
  readonly holdMs: readonly [least: number, most: number]
  tell(text: string): void
}

/** Lets a fault last. */
export function hold({ holdMs: [least, most], random }: Scene): Promise<void> {
  return pause(random.between(least, most))
}

/** Does something again and again while a fault lasts. */
export async function meanwhile(scene: Scene, everyMs: number, fn: () => Promise<unknown>): Promise<void> {
  const { holdMs, random } = scene
  const untilMs = performance.now() + random.between(...holdMs)
  while (performance.now() < untilMs) {
    await fn()
    await pause(random.between(0, 2 * everyMs))
  }
}

/**
 * Keeps the primary's answers from the pool, and records its rows. So they contain every write that it has acknowledged,
 * and a successor that lacks some of them has lost them itself.
 */
export async function recordLastRows({ history }: Scene, primary: ChaosServer): Promise<void> {
  primary.network.stall()
  // Those that wait for a stalled transaction or a stalled client cannot go on.
  const active = `select 1 from pg_stat_activity where usename = '${APP.user}' and state = 'active'
    and wait_event_type is distinct from 'Lock' and wait_event_type is distinct from 'Client'`
  await until('its statements have ended', async () => (await ask(primary.config, active)).length === 0)
  history.lastRows.push(await truthOf(primary.config))
}

/** Resolves when the pool sends writes to this server. */
export function knownAsPrimary({ pool }: World, { config }: ChaosServer): Promise<void> {
  const sql = `select current_setting('port')::int as port /* route: primary */`
  return until(
    'the pool knows the new primary',
    async () => {
      const { rows } = await pool.query<{ port: number }>(sql).catch(() => ({ rows: [] }))
      return rows[0]?.port === config.port
    },
    60_000,
  )
}
