import { withOutcome } from '../errors/outcome.ts'
import { inThisContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { TIMED_OUT } from './words.ts'

/** A task that starts when all earlier ones have finished, and calls `next` when it has finished. */
export interface Task {
  readonly start: (next: () => void) => void
  /** Called instead of `start` when it will never start. */
  readonly fail: (error: Error) => void
  /** How long it may wait for its start, in milliseconds. Called if it has to wait. 0: without limit. */
  readonly timeoutMs?: () => number
}

interface Waiting extends Pick<Task, 'start' | 'fail'> {
  readonly timer: Timer | undefined
}

/** Events of a queue. */
export interface TaskQueueEvents {
  /** The last task has finished. */
  drained(): void
  /** A task has failed because it has waited for too long. */
  timedOut(): void
}

/** Runs tasks one after the other, in the order of the calls. */
export class TaskQueue {
  readonly #tasks: Waiting[] = []
  readonly #platform: Platform
  readonly #events: TaskQueueEvents
  #isBusy = false
  #isHeld = false

  constructor(platform: Platform, events: TaskQueueEvents) {
    this.#platform = platform
    this.#events = events
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  get isEmpty(): boolean {
    return !this.#isBusy && this.#tasks.length === 0
  }

  /** Whether a task is running, and none waits for its end. */
  get isAtLast(): boolean {
    return this.#isBusy && this.#tasks.length === 0
  }

  add(task: Task): void {
    if (!this.#isBusy && !this.#isHeld && this.#tasks.length === 0) return this.#start(task)
    const timeoutMs = task.timeoutMs?.() ?? 0
    const waiting: Waiting = {
      // The connection is ready in a context of its own, and the task belongs to its caller's.
      start: inThisContext(task.start),
      fail: (error) => task.fail(error),
      // The task in front of it may never end, when its server has vanished.
      timer: timeoutMs > 0 ? deadline(this.#platform, timeoutMs, () => this.#timeOut(waiting)) : undefined,
    }
    this.#tasks.push(waiting)
  }

  /** Starts no task until `resume`. */
  hold(): void {
    this.#isHeld = true
  }

  resume(): void {
    this.#isHeld = false
    if (!this.#isBusy && this.#tasks.length > 0) this.#next()
  }

  /** Fails all tasks that have not started. */
  failAll(error: () => Error): void {
    for (const { fail, timer } of this.#tasks.splice(0)) {
      timer?.cancel()
      fail(error())
    }
  }

  #start(task: Pick<Task, 'start'>): void {
    this.#isBusy = true
    task.start(this.#next)
  }

  #timeOut(waiting: Waiting): void {
    const at = this.#tasks.indexOf(waiting)
    if (at === -1) return
    this.#tasks.splice(at, 1)
    try {
      waiting.fail(withOutcome(new Error(TIMED_OUT), 'not-sent'))
    } finally {
      this.#events.timedOut()
    }
  }

  readonly #next = (): void => {
    const task = this.#tasks.shift()
    if (task !== undefined) {
      task.timer?.cancel()
      return this.#start(task)
    }
    this.#isBusy = false
    this.#events.drained()
  }
}
