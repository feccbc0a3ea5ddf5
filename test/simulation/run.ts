import { Auditor, type Violation } from './auditor.ts'
import { FAULTS_WITHIN_MS } from './generate.ts'
import { History } from './history.ts'
import type { Library } from './library.ts'
import type { Network } from './network.ts'
import type { Fault, FaultType, Plan } from './plan.ts'
import { hash, Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'
import { Workload, type PoolLike } from './workload.ts'
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

/** What all schedules of a thread have in common. */
export interface Machine {
  readonly time: VirtualTime
  /** A copy of the library for each process. */
  readonly libraries: readonly Library[]
}

/**
 * Runs one schedule: the safety phase with faults, the liveness phase without, and the end of the pools.
 * @param name Distinguishes its servers from those of all schedules that ran before it in this process.
 */
export async function runPlan(plan: Plan, machine: Machine, name: string = plan.seed): Promise<Verdict> {
  const thrown: unknown[] = []
  const note = (error: unknown): void => void thrown.push(error)
  for (const event of STRAY) process.on(event, note)
  try {
    return await new Run(plan, machine, name, thrown).run()
  } finally {
    for (const event of STRAY) process.off(event, note)
  }
}

const OF_THE_PROCESS: readonly FaultType[] = ['busy-loop', 'frozen-process', 'wall-clock']

/** How long a process has to be awake to find a dead connection: the default of `probeTimeoutMs`, in milliseconds. */
const PROBE_TIMEOUT_MS = 2000

/** Whether a plan may keep a call from success: by faults of the primary, or by a lack of connections. */
function mayFail({ faults, options, world }: Plan): boolean {
  if (world.isSynchronous || world.maxConnections < 100) return true
  if (options['max'] !== 10 || options['primarySpill'] !== undefined) return true
  // The timeouts of node-postgres go on while the process sleeps.
  const longestSleepMs = Number(options['query_timeout']) - PROBE_TIMEOUT_MS
  return faults.some(({ forMs, server, type }) => {
    if (OF_THE_PROCESS.includes(type)) return type !== 'wall-clock' && forMs >= longestSleepMs
    return server === 'primary' || server === 'former' || type.startsWith('promote-')
  })
}

class Run {
  readonly #plan: Plan
  readonly #time: VirtualTime
  readonly #libraries: readonly Library[]
  readonly #world: World
  readonly #history = new History()
  readonly #violations: Violation[] = []
  /** What is thrown past all handlers meanwhile. */
  readonly #thrown: readonly unknown[]
  /** Highest timeline whose primary each process has seen. */
  readonly #knownTimelines: number[] = []

  constructor(plan: Plan, { libraries, time }: Machine, name: string, thrown: readonly unknown[]) {
    const random = new Random(plan.seed)
    this.#plan = plan
    this.#time = time
    this.#libraries = libraries
    this.#thrown = thrown
    time.reset(random.fork('process'))
    this.#world = new World(time, name, plan.world, random.fork('world'))
  }

  async run(): Promise<Verdict> {
    const { actors, faults } = this.#plan
    const time = this.#time
    const world = this.#world
    const pools = world.networks.map((network, process) => this.#createPool(network, process))
    await this.#settled(Promise.all(pools.map((pool) => pool.ready())), 5000)
    const workload = new Workload({
      pools,
      time,
      history: this.#history,
      createCursor: (text) => (this.#libraries[0] as Library).createCursor(text),
      outcomeOf: (error, process) => this.#libraries[process]?.outcomeOf(error),
      note: (line) => world.note(line),
      knownTimeline: (process) => this.#knownTimelines[process] ?? 0,
    })
    for (const fault of faults) {
      time.outside(fault.atMs, () => {
        if (fault.type === 'unlist') this.#unlist(pools, fault)
        world.cause(fault)
      })
    }
    workload.start(actors)
    await time.run(() => workload.running === 0, 2 * FAULTS_WITHIN_MS)
    world.heal()
    for (const pool of pools) pool.setNodes(this.#nodes())
    await time.run(() => workload.running === 0, LIVENESS_MS)
    if (workload.running > 0) {
      this.#broken('everything finishes once the faults are over', `${workload.running} callers go on`)
    }
    await time.run(() => false, SETTLES_MS)
    for (const [process, pool] of pools.entries()) await this.#works(pool, process)
    for (const pool of pools) await this.#ends(pool)
    await this.#leavesNothing()
    this.#violations.push(...new Auditor(this.#history, world, mayFail(this.#plan)).judge())
    const { calls } = this.#history
    return {
      violations: this.#violations,
      trace: world.trace,
      digest: (hash(world.trace.join('\n')) >>> 0).toString(16),
      operations: calls.length,
      failures: calls.filter(({ error }) => error !== undefined).length,
    }
  }

  #createPool(network: Network, process: number): PoolLike {
    const world = this.#world
    const library = this.#libraries[process]
    if (library === undefined) throw new Error('A process has no library')
    const pool = library.createPool({
      host: 'p',
      user: 'app',
      database: 'shop',
      password: 'secret',
      stream: network.socket,
      replicas: world.servers.slice(1).map(({ name: host }) => ({ host })),
      logger: false,
      ...this.#plan.options,
    })
    pool.events.on('primaryChanged', ({ to }: { readonly to: string }) => {
      const server = world.servers.find((each) => to.startsWith(`${each.name}:`))
      this.#knownTimelines[process] = Math.max(this.#knownTimelines[process] ?? 0, server?.timeline ?? 0)
      world.note(`pool ${process} sees the primary ${server?.name}`)
    })
    return pool
  }

  /** Leaves a server out of the list of nodes for a while, as discovery may. */
  #unlist(pools: readonly PoolLike[], { forMs, process, server: which }: Fault): void {
    const time = this.#time
    const server = this.#world.serverOf(which)
    if (server === undefined || server === this.#world.primary) return
    const told = process === undefined ? pools : pools.slice(process, process + 1)
    // The pool is told in a turn of its own process.
    time.arrival(0, () => told.forEach((pool) => pool.setNodes(this.#nodes(server.name))))
    time.arrival(forMs, () => told.forEach((pool) => pool.ending || pool.setNodes(this.#nodes())))
  }

  #nodes(without?: string): readonly object[] {
    const names = this.#world.servers.map(({ name }) => name).filter((name) => name !== without)
    return names.map((host) => ({ host }))
  }

  /** Whatever was broken before, now a write and a read succeed. */
  async #works(pool: PoolLike, process: number): Promise<void> {
    const queries = [
      { text: 'UPDATE items SET value = $2 WHERE id = $1', values: [1, process + 1] },
      { text: 'SELECT id, value FROM items ORDER BY id' },
    ]
    for (const query of queries) {
      const asked = pool.query(query)
      let failure: Error | undefined
      asked.catch((error: Error) => (failure = error))
      const isDone = await this.#settled(asked, LIVENESS_MS)
      if (isDone && failure === undefined) continue
      const how = isDone ? failure?.message : 'no answer'
      this.#broken('the pool works once the faults are over', `${query.text}: ${how}`)
    }
  }

  async #ends(pool: PoolLike): Promise<void> {
    if (pool.waitingCount > 0)
      this.#broken('no caller is forgotten', `${pool.waitingCount} wait for a connection`)
    if (!(await this.#settled(pool.end(), 20_000))) this.#broken('the pool ends', 'end() has not resolved')
  }

  async #leavesNothing(): Promise<void> {
    const time = this.#time
    await time.run(() => false, 5000)
    if (time.pendingTimers > 0)
      this.#broken('no timer is left', `${time.pendingTimers} timers are pending after the end`)
    const open = this.#world.networks.reduce((sum, { openSockets }) => sum + openSockets, 0)
    if (open > 0) this.#broken('no connection is left', `${open} sockets are open after the end`)
    for (const error of this.#thrown) {
      const how = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#broken('nothing is thrown past all handlers', how)
    }
  }

  /** Resolves with whether the promise has settled in time. */
  async #settled(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
    let isSettled = false
    void promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    )
    await this.#time.run(() => isSettled, withinMs)
    return isSettled
  }

  #broken(property: string, told: string): void {
    this.#violations.push({ property, told })
  }
}
