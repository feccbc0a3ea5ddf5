import { createRequire, syncBuiltinESMExports } from 'node:module'
import { performance } from 'node:perf_hooks'
import { Heap, type Entry } from './heap.ts'
import { Random } from './random.ts'

const realSetImmediate = setImmediate

/** Runs all ticks and promises that can run, as Node.js does after a callback. A turn of the loop costs much more. */
const runTicks: unknown = Reflect.get(process, '_tickCallback')
/** Callbacks in a row after which the real loop has its turn. */
const MOST_IN_A_ROW = typeof runTicks === 'function' ? 500 : 1

/** Wall-clock time at the start of each schedule: 2026-01-01. */
const EPOCH_MS = 1_767_225_600_000
/** The clock does not begin at 0, because no code may rely on that. */
const START_MS = 1_000_000

/** How a run of the clock ended: the condition holds, the time is up, or nothing is left that could happen. */
export type RunEnd = 'done' | 'late' | 'idle'

/**
 * The clock, the timers and the event loop of a simulated process, and the time of everything around it.
 *
 * A turn of the loop has Node.js' phases: timers, then data from the network, then immediates. What happens outside of the
 * process (`outside`) happens at its exact time, also while the process is blocked or frozen.
 */
export class VirtualTime {
  nowMs: number = START_MS
  /** Difference between the wall clock and the monotonic clock. */
  wallOffsetMs: number = EPOCH_MS - START_MS
  cpuMs = 0
  random: Random = new Random('0')
  readonly #timers = new Heap()
  readonly #arrivals = new Heap()
  readonly #outside = new Heap()
  #immediates: Entry[] = []
  /** Immediates of the current turn of the loop. */
  #turn: Entry[] = []
  #phase: 'timers' | 'arrivals' | 'immediates' = 'timers'
  /** What becomes due while the current phase runs waits for the next turn of the loop. */
  #dueMs: number = START_MS
  #order = 0

  /** Starts again from the beginning, with nothing pending. */
  reset(random: Random): void {
    this.nowMs = START_MS
    this.wallOffsetMs = EPOCH_MS - START_MS
    this.cpuMs = 0
    this.random = random
    this.#order = 0
    this.#immediates = []
    this.#turn = []
    this.#phase = 'timers'
    this.#dueMs = START_MS
    for (const heap of [this.#timers, this.#arrivals, this.#outside]) heap.clear()
  }

  /** Time since the start, in milliseconds. */
  get elapsedMs(): number {
    return this.nowMs - START_MS
  }

  /** Number of timers and immediates of the process that neither fired nor were cancelled. */
  get pendingTimers(): number {
    return this.#timers.size + this.#immediates.filter(({ isCancelled }) => !isCancelled).length
  }

  timer(delayMs: number, run: () => void): Entry {
    const entry = this.#entry(delayMs, run)
    this.#timers.add(entry)
    return entry
  }

  cancelTimer(entry: Entry): void {
    this.#timers.cancel(entry)
  }

  immediate(run: () => void): Entry {
    const entry = this.#entry(0, run)
    this.#immediates.push(entry)
    return entry
  }

  /** Schedules data that arrives at the process. */
  arrival(delayMs: number, run: () => void): void {
    this.#arrivals.add(this.#entry(delayMs, run))
  }

  /** Schedules an event outside of the process: on a server, or a fault. */
  outside(delayMs: number, run: () => void): void {
    this.#outside.add(this.#entry(delayMs, run))
  }

  /** Keeps the process from running for some time; its own work (`isBusy`) or the lack of a CPU causes that. */
  block(ms: number, isBusy: boolean): void {
    this.#pass(this.nowMs + ms)
    if (isBusy) this.cpuMs += ms
  }

  /** Runs until the condition holds, or so much time has passed. Rejects with what a server or a fault throws. */
  run(isDone: () => boolean, withinMs: number): Promise<RunEnd> {
    const endMs = this.nowMs + withinMs
    return new Promise((resolve, reject) => {
      // All promises and ticks that can run have run when a real immediate does.
      const turn = (): void => {
        try {
          for (let left = MOST_IN_A_ROW; left > 0; left--) {
            const end = isDone() ? 'done' : this.#step(endMs)
            if (end !== undefined) return resolve(end)
            if (left > 1) settle()
          }
          realSetImmediate(turn)
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      realSetImmediate(turn)
    })
  }

  /** Runs the next callback of the process; lets time pass where none is due. */
  #step(endMs: number): RunEnd | undefined {
    for (;;) {
      while (this.#phase !== 'immediates') {
        const due = (this.#phase === 'timers' ? this.#timers : this.#arrivals).takeDue(this.#dueMs)
        if (due !== undefined) {
          due.run()
          return undefined
        }
        this.#dueMs = this.nowMs
        if (this.#phase === 'timers') this.#phase = 'arrivals'
        else {
          this.#phase = 'immediates'
          this.#turn = this.#immediates
          this.#immediates = []
        }
      }
      for (let next = this.#turn.shift(); next !== undefined; next = this.#turn.shift()) {
        if (next.isCancelled) continue
        next.run()
        return undefined
      }
      this.#phase = 'timers'
      this.#dueMs = this.nowMs
      if (this.#immediates.length > 0) continue
      const nextMs = Math.min(this.#timers.nextAtMs, this.#arrivals.nextAtMs, this.#outside.nextAtMs)
      if (nextMs === Infinity) return 'idle'
      this.#pass(Math.min(nextMs, endMs))
      this.#dueMs = this.nowMs
      if (nextMs > endMs) return 'late'
    }
  }

  #pass(untilMs: number): void {
    for (let due = this.#outside.takeDue(untilMs); due !== undefined; due = this.#outside.takeDue(untilMs)) {
      this.nowMs = Math.max(this.nowMs, due.atMs)
      due.run()
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
  }

  #entry(delayMs: number, run: () => void): Entry {
    this.#order += 1
    return { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order, run, isCancelled: false }
  }
}

/** Runs all ticks and promises; what one of them throws is an uncaught exception. */
function settle(): void {
  for (;;) {
    try {
      return Reflect.apply(runTicks as () => void, process, [])
    } catch (error) {
      if (!process.emit('uncaughtException', error as Error)) throw error
    }
  }
}

/** A timer as `setTimeout` returns it. */
class Handle {
  readonly #time: VirtualTime
  readonly #start: () => Entry
  #entry: Entry

  constructor(time: VirtualTime, start: () => Entry) {
    this.#time = time
    this.#start = start
    this.#entry = start()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return false
  }

  refresh(): this {
    this.cancel()
    this.#entry = this.#start()
    return this
  }

  cancel(): void {
    this.#time.cancelTimer(this.#entry)
  }

  again(): void {
    this.#entry = this.#start()
  }
}

type Callback = (...args: unknown[]) => void

/** Replaces the clock, the timers and the randomness of this process for good. Load the library after that. */
export function install(time: VirtualTime): void {
  const startTimer = (callback: Callback, delayMs: unknown, args: unknown[]): Handle =>
    new Handle(time, () => time.timer(atLeast(delayMs), () => callback(...args)))
  const stop = (handle: unknown): void => {
    if (handle instanceof Handle) handle.cancel()
    else if (typeof handle === 'object' && handle !== null) (handle as Entry).isCancelled = true
  }
  const replaced = {
    setTimeout: (callback: Callback, delayMs?: unknown, ...args: unknown[]) =>
      startTimer(callback, delayMs, args),
    clearTimeout: stop,
    setInterval: (callback: Callback, delayMs?: unknown, ...args: unknown[]) => {
      const handle: Handle = new Handle(time, () =>
        time.timer(atLeast(delayMs), () => {
          handle.again()
          callback(...args)
        }),
      )
      return handle
    },
    clearInterval: stop,
    setImmediate: (callback: Callback, ...args: unknown[]) => time.immediate(() => callback(...args)),
    clearImmediate: stop,
  }
  const timers = createRequire(import.meta.url)('node:timers') as object
  Object.assign(timers, replaced)
  Object.assign(globalThis, replaced)
  syncBuiltinESMExports()
  Object.defineProperty(performance, 'now', { value: () => time.nowMs })
  Date.now = () => Math.floor(time.nowMs + time.wallOffsetMs)
  Math.random = () => time.random.next()
  process.cpuUsage = () => ({ user: time.cpuMs * 1000, system: 0 })
}

/** Node.js takes a delay of less than a millisecond, or of more than a signed 32-bit number, for one millisecond. */
function atLeast(delayMs: unknown): number {
  const ms = Number(delayMs)
  return ms >= 1 && ms < 2 ** 31 ? ms : 1
}
