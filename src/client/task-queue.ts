import { inThisContext } from '../platform/async-context.ts'

/** A task that starts when all earlier ones have finished, and calls `next` when it has finished. */
export interface Task {
  readonly start: (next: () => void) => void
  /** Called instead of `start` when it will never start. */
  readonly fail: (error: Error) => void
}

/** Runs tasks one after the other, in the order of the calls. */
export class TaskQueue {
  readonly #tasks: Task[] = []
  readonly #drained: () => void
  #isBusy = false
  #isHeld = false

  /** @param drained Called each time the last task has finished. */
  constructor(drained: () => void) {
    this.#drained = drained
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  get isEmpty(): boolean {
    return !this.#isBusy && this.#tasks.length === 0
  }

  add(task: Task): void {
    if (!this.#isBusy && !this.#isHeld && this.#tasks.length === 0) return this.#start(task)
    // The connection is ready in a context of its own, and the task belongs to its caller's.
    this.#tasks.push({ start: inThisContext(task.start), fail: (error) => task.fail(error) })
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
    for (const task of this.#tasks.splice(0)) task.fail(error())
  }

  #start(task: Task): void {
    this.#isBusy = true
    task.start(this.#next)
  }

  readonly #next = (): void => {
    const task = this.#tasks.shift()
    if (task !== undefined) return this.#start(task)
    this.#isBusy = false
    this.#drained()
  }
}
