import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import { inRootContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import type { Discovery } from './discovery.ts'
import { checkNodes, sameNodes, type CheckedNode } from './nodes.ts'

/** Nothing was learned, and the old list stays. */
export interface DiscoveryFailure {
  /** `empty`: the answer held no node at all. */
  readonly reason: 'empty' | 'failed'
  readonly cause: Error
  /** When the next look is due, in milliseconds from now. */
  readonly retryInMs: number
}

export interface DiscoveryLoopOptions {
  readonly discovery: Discovery
  readonly platform: Platform
  /** How long one look may take, in milliseconds. */
  readonly timeoutMs: number
  /** Called with the first list, and then only with one that differs from the last. */
  readonly onNodes: (nodes: readonly CheckedNode[]) => void
  readonly onFailed: (failure: DiscoveryFailure) => void
}

/** Looks are spread by this share of the interval, so that many processes do not ask in step. */
const JITTER = 0.2
/** Whoever asks for a look at once, again and again, gets one so often, in milliseconds. */
const SHORTEST_GAP_MS = 500

/**
 * Looks for the nodes again and again. One look at a time: one that takes too long is told by its signal and left alone,
 * and what it may still say is not heard.
 */
export class DiscoveryLoop {
  readonly #options: DiscoveryLoopOptions
  readonly #waiting: (() => void)[] = []
  #nodes: readonly CheckedNode[] = []
  #timer: Timer | undefined
  /** Ends the look under way. */
  #looking: AbortController | undefined
  #lookedAtMs = -Infinity
  #isResting = false
  #closed = false

  constructor(options: DiscoveryLoopOptions) {
    this.#options = options
  }

  /** The list in force; empty until the first answer. */
  get nodes(): readonly CheckedNode[] {
    return this.#nodes
  }

  /**
   * Looks now, and from then on at the interval. A look under way is shared, and looks come at least 500 ms apart.
   * Resolves when the look is over, whatever came of it, or the loop is closed.
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

  /** Looks no more, until somebody asks for a look. One under way is still heard. */
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
    this.#timer = inRootContext(() => this.#options.platform.schedule(delayMs, () => void this.#look()))
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
    const { discovery, platform, timeoutMs } = this.#options
    const { signal } = looking
    const message = `Discovery gave no answer within ${timeoutMs} ms`
    const timer = deadline(platform, timeoutMs, () =>
      looking.abort(new SwitchyardError('SWITCHYARD_BAD_DISCOVERY', message, { retryable: true })),
    )
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(asError(signal.reason)), { once: true })
      // What it throws before its first await is a rejection too.
      const asked = (async () => discovery.discover(signal))()
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
