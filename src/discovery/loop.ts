import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import { inRootContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import type { Discovery, KnownServers } from './discovery.ts'
import { checkNodes, sameNodes, type CheckedNode } from './nodes.ts'

/**
 * A failed discovery. The previous list stays.
 *
 * @example
 * pool.events.on('discoveryFailed', (failure: DiscoveryFailure) => console.error(failure.cause))
 */
export interface DiscoveryFailure {
  /** `empty`: the answer had no nodes. */
  readonly reason: 'empty' | 'failed'
  readonly cause: Error
  /** Time until the next attempt, in milliseconds. */
  readonly retryInMs: number
}

export interface DiscoveryLoopOptions {
  readonly discovery: Discovery
  /** Given to `discover`. */
  readonly known?: KnownServers
  readonly platform: Platform
  /** Timeout of one call of `discover`, in milliseconds. */
  readonly timeoutMs: number
  /** Called with the first list, and then with each list that differs from the previous one. */
  readonly onNodes: (nodes: readonly CheckedNode[]) => void
  readonly onFailed: (failure: DiscoveryFailure) => void
}

/** Jitter as a share of the interval, so that many processes do not ask in step. */
const JITTER = 0.2
/** Minimum time between two calls, even when `refreshNow` is called more often, in milliseconds. */
const SHORTEST_GAP_MS = 500

/**
 * Calls `discover` at its interval. One call runs at a time. One that takes too long is aborted, and its late result is
 * ignored.
 */
export class DiscoveryLoop {
  readonly #options: DiscoveryLoopOptions
  readonly #waiting: (() => void)[] = []
  #nodes: readonly CheckedNode[] = []
  #timer: Timer | undefined
  /** Aborts the running call. */
  #looking: AbortController | undefined
  #lookedAtMs = -Infinity
  #isResting = false
  #closed = false

  constructor(options: DiscoveryLoopOptions) {
    this.#options = options
  }

  /** The current list; empty until the first answer. */
  get nodes(): readonly CheckedNode[] {
    return this.#nodes
  }

  /**
   * Calls `discover` now, and then at the interval. A running call is shared, and calls are at least 500 ms apart.
   * Resolves when the call has ended in any way, or the loop is closed.
   */
  refreshNow(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#isResting = false
    const over = new Promise<void>((resolve) => this.#waiting.push(resolve))
    const waitMs = this.#lookedAtMs + SHORTEST_GAP_MS - this.#options.platform.now()
    if (this.#looking === undefined && waitMs <= 0) void inRootContext(() => this.#look())
    else if (this.#looking === undefined) this.#lookIn(waitMs)
    return over
  }

  /** Stops further calls until `refreshNow`. The result of a running one still counts. */
  rest(): void {
    this.#isResting = true
    this.#timer?.cancel()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#looking?.abort(new Error('The discovery was closed'))
    this.#release()
  }

  #lookIn(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = inRootContext(() => this.#options.platform.scheduleWork(delayMs, () => void this.#look()))
  }

  async #look(): Promise<void> {
    const { discovery, platform } = this.#options
    this.#timer?.cancel()
    this.#lookedAtMs = platform.now()
    const looking = new AbortController()
    this.#looking = looking
    const answer = await this.#bounded(looking).then(checkNodes).catch(asError)
    if (this.#closed) return
    this.#looking = undefined
    const delayMs = discovery.intervalMs * (1 - JITTER * platform.random())
    if (!this.#isResting) this.#lookIn(delayMs)
    this.#apply(answer, delayMs)
    this.#release()
  }

  #bounded(looking: AbortController): Promise<unknown> {
    const { discovery, known, platform, timeoutMs } = this.#options
    const { signal } = looking
    const message = `Discovery gave no answer within ${timeoutMs} ms`
    const timer = deadline(platform, timeoutMs, () =>
      looking.abort(new SwitchyardError('SWITCHYARD_BAD_DISCOVERY', message, { retryable: true })),
    )
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(asError(signal.reason)), { once: true })
      // Turns a synchronous exception into a rejection.
      const asked = (async () => discovery.discover(signal, known))()
      asked.then(resolve, reject)
    }).finally(() => timer.cancel())
  }

  #apply(answer: readonly CheckedNode[] | Error, retryInMs: number): void {
    const { onNodes, onFailed } = this.#options
    if (answer instanceof Error) onFailed({ reason: 'failed', cause: answer, retryInMs })
    else if (answer.length === 0) {
      const cause = new SwitchyardError('SWITCHYARD_BAD_DISCOVERY', 'Discovery found no node at all', {
        retryable: true,
      })
      onFailed({ reason: 'empty', cause, retryInMs })
    } else if (!sameNodes(this.#nodes, answer)) {
      this.#nodes = answer
      onNodes(answer)
    }
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
