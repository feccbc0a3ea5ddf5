import { Auditor, type Violation } from './auditor.ts'
import { FAULTS_WITHIN_MS } from './generate.ts'
import { History } from './history.ts'
import type { Library } from './library.ts'
import type { Plan } from './plan.ts'
import { hash, Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'
import { Workload } from './workload.ts'
import { World } from './world.ts'

/** Time after the faults in which servers may still restart, in milliseconds. */
const SETTLES_MS = 2000
/** Time in which everything has to finish once the faults are over, in milliseconds. */
const LIVENESS_MS = 60_000

const STRAY = ['uncaughtException', 'unhandledRejection', 'warning']

/** What came of one schedule. */
export interface Verdict {
  readonly violations: readonly Violation[]
  readonly trace: readonly string[]
  /** Differs when anything at all went differently. */
  readonly digest: string
  readonly operations: number
  readonly failures: number
}

/**
 * Runs one schedule: the safety phase with faults, the liveness phase without, and the end of the pool.
 * @param name Distinguishes its servers from those of all schedules that ran before it in this process.
 */
export async function runPlan(
  plan: Plan,
  library: Library,
  time: VirtualTime,
  name: string = plan.seed,
): Promise<Verdict> {
  const thrown: unknown[] = []
  const note = (error: unknown): void => void thrown.push(error)
  for (const event of STRAY) process.on(event, note)
  try {
    return await run(plan, library, { time, name, thrown })
  } finally {
    for (const event of STRAY) process.off(event, note)
  }
}

interface Surroundings {
  readonly time: VirtualTime
  readonly name: string
  /** What is thrown past all handlers meanwhile. */
  readonly thrown: readonly unknown[]
}

async function run(plan: Plan, library: Library, { name, thrown, time }: Surroundings): Promise<Verdict> {
  const random = new Random(plan.seed)
  time.reset(random.fork('process'))
  const world = new World(time, name, plan.world, random.fork('world'))
  const history = new History()
  const violations: Violation[] = []
  const broken = (property: string, told: string): void => void violations.push({ property, told })
  let knownTimeline = 0
  const pool = library.createPool({
    host: 'p',
    user: 'app',
    database: 'shop',
    password: 'secret',
    stream: world.network.socket,
    replicas: world.servers.slice(1).map(({ name: host }) => ({ host })),
    logger: false,
    ...plan.options,
  })
  pool.events.on('primaryChanged', ({ to }: { readonly to: string }) => {
    const server = world.servers.find((each) => to.startsWith(`${each.name}:`))
    knownTimeline = Math.max(knownTimeline, server?.timeline ?? 0)
    world.note(`the pool sees the primary ${server?.name}`)
  })

  const settled = async (promise: Promise<unknown>, withinMs: number): Promise<boolean> => {
    let isSettled = false
    void promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    )
    await time.run(() => isSettled, withinMs)
    return isSettled
  }

  await settled(pool.ready(), 5000)
  const workload = new Workload({
    pool,
    time,
    history,
    outcomeOf: library.outcomeOf,
    note: (line) => world.note(line),
    knownTimeline: () => knownTimeline,
  })
  for (const fault of plan.faults) time.outside(fault.atMs, () => world.cause(fault))
  workload.start(plan.actors)
  await time.run(() => workload.running === 0, 2 * FAULTS_WITHIN_MS)
  world.heal()
  await time.run(() => workload.running === 0, LIVENESS_MS)
  if (workload.running > 0)
    broken('everything finishes once the faults are over', `${workload.running} callers go on`)
  await time.run(() => false, SETTLES_MS)
  // Whatever was broken before, now a write and a read succeed.
  for (const text of [
    'UPDATE items SET value = $2 WHERE id = $1',
    'SELECT id, value FROM items ORDER BY id',
  ]) {
    const isWrite = text.startsWith('UPDATE')
    const asked = pool.query(isWrite ? { text, values: [1, 9] } : { text })
    let failure: Error | undefined
    asked.catch((error: Error) => (failure = error))
    const isDone = await settled(asked, LIVENESS_MS)
    if (!isDone || failure !== undefined) {
      broken('the pool works once the faults are over', `${text}: ${isDone ? failure?.message : 'no answer'}`)
    }
  }
  if (pool.waitingCount > 0) broken('no caller is forgotten', `${pool.waitingCount} wait for a connection`)
  if (!(await settled(pool.end(), 20_000))) broken('the pool ends', 'end() has not resolved')
  await time.run(() => false, 5000)
  if (time.pendingTimers > 0)
    broken('no timer is left', `${time.pendingTimers} timers are pending after the end`)
  const open = world.network.openSockets
  if (open > 0) broken('no connection is left', `${open} sockets are open after the end`)

  for (const error of thrown) {
    broken(
      'nothing is thrown past all handlers',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    )
  }
  violations.push(...new Auditor(history, world).judge())
  return {
    violations,
    trace: world.trace,
    digest: (hash(world.trace.join('\n')) >>> 0).toString(16),
    operations: history.calls.length,
    failures: history.calls.filter(({ error }) => error !== undefined).length,
  }
}
