import { inRootContext } from '../platform/async-context.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import type { Snapshot } from '../topology/snapshot.ts'
import { dueAtMs, type Asking, type Demand } from './progress-due.ts'
import { FOLLOWING, QuestionBudget } from './question-budget.ts'
import { WaitingRoom } from './waiting-room.ts'
import type { WatchedNode } from './watched-node.ts'

export interface ProgressWatchOptions {
  readonly platform: Platform
  readonly nodes: () => readonly WatchedNode[]
  readonly snapshot: () => Snapshot
}

/** How long positions are read after the last call of `follow`, in milliseconds. */
const FOLLOWED_FOR_MS = 100

/** The longest time between two looks at what is due while reads wait, in milliseconds. */
const LOOK_AGAIN_MS = 50

class Questions implements Asking {
  readonly budget: QuestionBudget = new QuestionBudget()
  isAsking = false
  askedAtMs = -Infinity
}

/**
 * Reads the positions of the primary and its replicas while reads are held back by what the replicas are known to show.
 * Each sample of the primary is followed by questions to the replicas, until they have reached it.
 */
export class ProgressWatch {
  readonly #options: ProgressWatchOptions
  readonly #room: WaitingRoom
  readonly #questions = new WeakMap<WatchedNode, Questions>()
  #isCalled = false
  #calledAtMs = -Infinity
  /** From when on a call of `follow` may lead to a question. */
  #listensFromMs = -Infinity
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: ProgressWatchOptions) {
    this.#options = options
    this.#room = new WaitingRoom(options.platform)
  }

  get isAwaited(): boolean {
    return this.#room.sinceMs !== undefined
  }

  /** Resolves with true once a snapshot passes `test`, with false after `timeoutMs` or on close. */
  wait(test: (snapshot: Snapshot) => boolean, timeoutMs: number): Promise<boolean> {
    const passed = this.#room.wait(test, timeoutMs)
    this.#step()
    return passed
  }

  /** Notes that a read would gain by newer positions. Called very often. */
  follow(): void {
    this.#isCalled = true
    if (this.#options.platform.now() >= this.#listensFromMs) this.#step()
  }

  tell(snapshot: Snapshot): void {
    this.#room.tell(snapshot)
  }

  /** Stops following. Callers that wait go on when the cluster is probed again. */
  rest(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#isCalled = false
    this.#calledAtMs = -Infinity
  }

  close(): void {
    this.#isClosed = true
    this.rest()
    this.#room.close()
  }

  /** Asks each node whose question is due, and comes back when the next one is. */
  #step(): void {
    if (this.#isClosed) return
    const { platform, nodes, snapshot } = this.#options
    const nowMs = platform.now()
    const { isAwaited } = this
    if (this.#isCalled) this.#calledAtMs = nowMs
    this.#isCalled = false
    this.#timer?.cancel()
    this.#timer = undefined
    this.#listensFromMs = -Infinity
    if (!isAwaited && nowMs >= this.#calledAtMs + FOLLOWED_FOR_MS) return
    const { primary, nodes: views } = snapshot()
    const watched = nodes()
    const first = watched.find(({ id }) => id === primary?.id)
    const primaryAsking = first && this.#askingOf(first)
    const demand: Demand = { isAwaited, calledAtMs: this.#calledAtMs, primary, primaryAsking }
    let nextMs = isAwaited ? nowMs + LOOK_AGAIN_MS : Infinity
    const lookAt = (node: WatchedNode): void => {
      const asking = this.#askingOf(node)
      const view = views.find(({ id }) => id === node.id)
      if (view === undefined || asking.isAsking) return
      const atMs = dueAtMs(view, asking, demand)
      if (atMs <= nowMs) this.#ask(node, asking, nowMs)
      else nextMs = Math.min(nextMs, atMs)
    }
    if (first !== undefined) lookAt(first)
    for (const node of watched) if (node !== first) lookAt(node)
    this.#listensFromMs =
      primaryAsking === undefined || primaryAsking.isAsking
        ? nowMs + LOOK_AGAIN_MS
        : primaryAsking.budget.readyAtMs(FOLLOWING)
    if (nextMs === Infinity) return
    const waitMs = Math.ceil(nextMs - nowMs)
    this.#timer = inRootContext(() => platform.scheduleWork(waitMs, () => this.#step()))
  }

  #askingOf(node: WatchedNode): Questions {
    const known = this.#questions.get(node)
    if (known !== undefined) return known
    const questions = new Questions()
    this.#questions.set(node, questions)
    return questions
  }

  #ask(node: WatchedNode, asking: Questions, nowMs: number): void {
    asking.isAsking = true
    asking.askedAtMs = nowMs
    asking.budget.asked(nowMs)
    void inRootContext(() =>
      node.lookAtProgress().then(() => {
        asking.isAsking = false
        this.#step()
      }),
    )
  }
}
