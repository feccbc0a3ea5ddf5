/** Something to do when everything before it is finished. Calls `next` when it is finished itself. */
export interface Task {
  readonly start: (next: () => void) => void
  /** Called in place of `start` when it will never come to that. */
  readonly fail: (error: Error) => void
}

/** Does one thing after the other, in the order of the calls. */
export class TaskQueue {
  readonly #tasks: Task[] = []
  readonly #drained: () => void
  #isBusy = false
  #isHeld = false

  /** @param drained Called each time that the last of them is finished. */
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
    if (this.#isBusy || this.#isHeld || this.#tasks.length > 0) this.#tasks.push(task)
    else this.#start(task)
  }

  /** Nothing begins until `resume`. */
  hold(): void {
    this.#isHeld = true
  }

  resume(): void {
    this.#isHeld = false
    if (!this.#isBusy && this.#tasks.length > 0) this.#next()
  }

  /** What has not begun never will. */
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
