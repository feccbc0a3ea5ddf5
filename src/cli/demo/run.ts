import { once } from 'node:events'
import { Pool } from '../../pool/pool.ts'
import { Chronicle } from './chronicle.ts'
import { createClock, type Clock } from './clock.ts'
import { PrimaryCount } from './cross-check.ts'
import { runLoad } from './load.ts'
import { Observer } from './observer.ts'
import type { DemoOptions } from './options.ts'
import type { DemoPage } from './page.ts'
import { within } from './patience.ts'
import { failure, serverFailure } from './problems.ts'
import { reportOf, type Report } from './report.ts'
import type { Screen } from './screen.ts'
import { runScript } from './script.ts'
import type { DemoServers } from './servers.ts'
import { shopStatements } from './statements.ts'
import { Tally } from './tally.ts'
import type { View } from './view.ts'

export interface RunOptions {
  readonly options: Pick<DemoOptions, 'seconds' | 'seed'>
  readonly servers: DemoServers
  readonly schema: string
  readonly screen: Screen
  /** Ends the run when aborted. */
  readonly signal: AbortSignal
  readonly page: DemoPage | undefined
}

/** The pool's default. Users return at its end. */
const WINDOW_MS = 2000
/** Small, so that a lagging replica soon leaves the rotation. */
const MAX_LAG_MS = 1000
const LOOK_MS = 100
const LONGEST_WARM_UP_MS = 5_000
/** Time for running statements to end when the load is over. */
const LONGEST_WAIT_MS = 30_000
/** Timeout of `pool.end()`: a dead server may never answer. */
const LONGEST_GOODBYE_MS = 5_000

/** Runs the load in an existing shop, shows it, and returns the report. */
export async function runInShop(run: RunOptions): Promise<Report> {
  const { options, servers, schema, screen, signal } = run
  const nodes = [servers.primary, ...servers.replicas]
  const clock = createClock(signal)
  const primaryCount = await PrimaryCount.begin(servers.primary)
  const pool = new Pool({
    ...servers.primary.config,
    application_name: schema,
    replicas: servers.replicas.map(({ config }) => config),
    maxLag: { ms: MAX_LAG_MS },
    logger: false,
  })
  run.page?.show(pool)
  const tally = new Tally()
  const chronicle = new Chronicle(
    () => observer.elapsedMs,
    (happening) => screen.tell(happening),
  )
  const names = nodes.map(({ name }) => name)
  const observer = new Observer({ pool, names, tally, clock, chronicle })
  let view: View
  try {
    await warmUp(pool, schema, observer, clock)
    view = await play(run, pool, tally, observer, chronicle)
  } catch (error) {
    throw signal.aborted ? error : serverFailure('The pool', error)
  } finally {
    await within(LONGEST_GOODBYE_MS, pool.end())
  }
  const own = { reads: tally.reads, commits: tally.writes, offload: view.offload }
  return reportOf({
    view,
    seconds: options.seconds,
    seed: options.seed,
    crossCheck: await primaryCount.finish(own, schema, clock),
    events: chronicle.happenings,
    kindsOfErrors: tally.kindsOfErrors,
    staleReads: tally.staleReads,
  })
}

/** Waits until the pool has loaded the catalog of the shop and every replica serves. */
async function warmUp(pool: Pool, schema: string, observer: Observer, clock: Clock): Promise<void> {
  const { profile } = shopStatements(schema)
  const deadlineMs = clock.now() + LONGEST_WARM_UP_MS
  for (;;) {
    const { nodes } = await observer.look()
    const serves = nodes.every(({ standing }) => standing === 'primary' || standing === 'in rotation')
    const knowsShop = (await pool.explain(profile)).statement.kind === 'read'
    if ((serves && knowsShop) || clock.isOver || clock.now() > deadlineMs) return
    await clock.pause(LOOK_MS)
  }
}

/** Runs users, script and display until the time is over. Resolves to the last view. */
async function play(
  { options, servers, schema, screen, signal }: RunOptions,
  pool: Pool,
  tally: Tally,
  observer: Observer,
  chronicle: Chronicle,
): Promise<View> {
  const { seconds, seed } = options
  const end = new AbortController()
  const over = AbortSignal.any([signal, end.signal])
  const clock = createClock(over)
  observer.begin()
  const timer = setTimeout(() => end.abort(), seconds * 1000)
  const statements = shopStatements(schema)
  const tasks = [
    runLoad({ pool, statements, tally, clock, seed, windowMs: WINDOW_MS }),
    display(observer, chronicle, screen, clock),
  ]
  if (servers.levers !== undefined) {
    tasks.push(runScript({ levers: servers.levers, observer, chronicle, clock, seconds }))
  }
  // A failing task ends the others. All are awaited before the servers are closed.
  for (const task of tasks) task.catch(() => end.abort())
  const settled = Promise.allSettled(tasks)
  if (!over.aborted) await once(over, 'abort')
  clearTimeout(timer)
  const outcomes = await within(signal.aborted ? LONGEST_GOODBYE_MS : LONGEST_WAIT_MS, settled)
  if (outcomes === undefined) {
    throw failure('Some statements were not answered: a server has stopped responding')
  }
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  const view = await observer.look()
  screen.show(view, chronicle.happenings)
  return view
}

async function display(
  observer: Observer,
  chronicle: Chronicle,
  screen: Screen,
  clock: Clock,
): Promise<void> {
  let nextMs = screen.intervalMs
  try {
    while (!clock.isOver) {
      const view = await observer.look()
      if (view.elapsedMs >= nextMs) {
        screen.show(view, chronicle.happenings)
        nextMs += screen.intervalMs
      }
      await clock.pause(LOOK_MS)
    }
  } finally {
    observer.end()
  }
}
