import { findRequirements } from '../../patroni/requirements.ts'
import { missingForBouncer } from '../../pgbouncer/bouncer.ts'
import { Random } from '../../simulation/random.ts'
import { ask, until } from '../../support/servers.ts'
import { missingForCertificates } from '../../tls/authority.ts'
import { Auditor, type Verdict } from './auditor.ts'
import { openBouncers, openDirect } from './embedded-world.ts'
import { History } from './history.ts'
import { Injector } from './injector.ts'
import { openPatroni } from './patroni-world.ts'
import type { Scene } from './scene.ts'
import { Story } from './story.ts'
import { APP, truthOf } from './tables.ts'
import { Workload } from './workload.ts'
import type { World, WorldName } from './world.ts'

export interface RoundOptions {
  readonly world: WorldName
  readonly seed: string
  readonly callers: number
  /** Time with faults. Opening the world and the checks in the end come on top. */
  readonly seconds: number
  readonly only?: readonly string[] | undefined
}

export interface Round extends Verdict {
  readonly faults: Readonly<Record<string, number>>
  readonly calls: Readonly<Record<string, number>>
  readonly story: Story
}

/** The longest wait for servers and pool to be well again. */
const PATIENCE_MS = 120_000
const SHORT_SECONDS = 120

/** Opens a world, or says in a few words what it lacks here. */
async function open(name: WorldName, callers: number): Promise<World | string> {
  switch (name) {
    case 'direct':
      return (await missingForCertificates()) ?? openDirect(callers)
    case 'bouncers':
      return (await missingForBouncer()) ?? openBouncers(callers)
    case 'patroni': {
      const found = await findRequirements()
      return typeof found === 'string' ? found : openPatroni(callers, found)
    }
  }
}

/** Runs callers and faults against one world, and judges what they were told. Returns the reason if it cannot run here. */
export async function runRound(options: RoundOptions): Promise<Round | string> {
  const { callers, only, seconds, seed } = options
  const opened = await open(options.world, callers)
  if (typeof opened === 'string') return opened
  await using world = opened
  const [history, story, random] = [new History(), new Story(), new Random(`${seed}/${options.world}`)]
  const unhandled = (error: unknown, origin: unknown): void => {
    // It is an event without a listener, or a promise.
    const from = typeof origin === 'string' ? origin : 'unhandledRejection'
    story.tell(`${from}: ${String(error)}`)
    history.notice(
      'no error is uncaught',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    )
  }
  process.on('uncaughtException', unhandled).on('unhandledRejection', unhandled)
  watch(world, story)
  const { pool } = world
  const isPooled = world.name === 'bouncers'
  const workload = new Workload({
    pool,
    history,
    story,
    random: random.fork('workload'),
    callers,
    isPooled,
  })
  try {
    const isShort = seconds < SHORT_SECONDS
    const holdMs: Scene['holdMs'] = isShort ? [300, 1_500] : [300, 5_000]
    const parts = { world, history, story, random: random.fork('faults'), only, holdMs, isShort }
    const injecting = new Injector(parts).run(seconds * 1000)
    await injecting.catch(async (error: unknown) => {
      console.error(story.before(Infinity, 40).join('\n'))
      throw error
    })
    await world.healed()
    story.tell('all faults have ended')
    await allServe(world, history)
    await workload.isAlive().catch((error: unknown) => {
      history.notice('every caller goes on after the faults', String(error))
    })
    await withDeadline('every call has ended', workload.stop(), history)
    await withDeadline('the pool has ended', pool.end(), history)
    await noConnections(world, history)
    const primary = await world.primary()
    const verdict = new Auditor(history, await truthOf(primary.config)).judge()
    return { ...verdict, faults: story.faults, calls: history.counts, story }
  } finally {
    void workload.stop()
    if (!pool.ended) void pool.end()
    process.off('uncaughtException', unhandled).off('unhandledRejection', unhandled)
  }
}

function watch({ pool }: World, story: Story): void {
  pool.events.on('nodeChanged', ({ cause, from, node, to }) =>
    story.tell(`the pool: ${node} is ${to}, was ${from}${cause === undefined ? '' : ` (${cause.message})`}`),
  )
  pool.events.on('primaryChanged', ({ to }) => story.tell(`the pool: the primary is ${to}`))
  pool.events.on('retriesSpent', () => story.tell('the pool: retries are spent'))
  pool.on('error', (error) => story.tell(`the pool: error ${error.message}`))
}

/** After the faults every server serves again. */
async function allServe({ pool, servers }: World, history: History): Promise<void> {
  const states = (): readonly string[] => pool.stats().nodes.map(({ state }) => state)
  const serve = (): boolean =>
    states().filter((state) => state === 'replica').length === servers.length - 1 &&
    states().includes('primary')
  await until('every server serves', serve, PATIENCE_MS).catch(() =>
    history.notice('every server serves after the faults', states().join(', ')),
  )
}

async function withDeadline(what: string, done: Promise<unknown>, history: History): Promise<void> {
  let isOver = false
  void done.finally(() => (isOver = true))
  await until(what, () => isOver, PATIENCE_MS).catch((error: unknown) =>
    history.notice('everything comes to its end', String(error)),
  )
}

/** A pool that has ended has no connection on any server. */
async function noConnections({ name, servers }: World, history: History): Promise<void> {
  // PgBouncer keeps its own.
  if (name === 'bouncers') return
  const sql = `select query from pg_stat_activity where usename = '${APP.user}'`
  for (const { config, name: server } of servers) {
    const gone = async (): Promise<boolean> => (await ask(config, sql)).length === 0
    await until('no connection is left', gone, 20_000).catch(async () => {
      const left = await ask(config, sql)
      history.notice('no connection is left', `${server}: ${left.map(({ query }) => query).join('; ')}`)
    })
  }
}
