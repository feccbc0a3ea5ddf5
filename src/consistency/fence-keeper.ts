import type { Fence, FenceState } from './fence.ts'
import type { Position } from './position.ts'

const ASKED: FenceState = { name: 'asked' }
const FAILED: FenceState = { name: 'failed' }

class SharedFence implements Fence {
  #state: FenceState = ASKED
  #settle: (() => void) | undefined
  #settled: Promise<void> | undefined

  get state(): FenceState {
    return this.#state
  }

  settled(): Promise<void> {
    if (this.#state !== ASKED) return Promise.resolve()
    // Most fences are never waited for.
    this.#settled ??= new Promise((resolve) => (this.#settle = resolve))
    return this.#settled
  }

  becomes(state: FenceState): void {
    this.#state = state
    this.#settle?.()
  }
}

/**
 * Asks the primary for fences: one question is under way and one is next, whoever asks meanwhile shares the next one. So
 * the primary is asked no more often than it can answer, however much is written.
 */
export class FenceKeeper {
  readonly #ask: () => Promise<Position | undefined>
  #isAsking = false
  #next: SharedFence | undefined
  #asked = 0

  /** @param ask asks the primary for its position; may reject */
  constructor(ask: () => Promise<Position | undefined>) {
    this.#ask = ask
  }

  /** Questions so far. */
  get asked(): number {
    return this.#asked
  }

  /** A fence for everything that has been committed by now. */
  request(): Fence {
    const fence = (this.#next ??= new SharedFence())
    if (!this.#isAsking) void this.#askNext()
    return fence
  }

  async #askNext(): Promise<void> {
    const fence = this.#next
    if (fence === undefined) return
    this.#next = undefined
    this.#isAsking = true
    this.#asked += 1
    const position = await this.#ask().catch(() => undefined)
    this.#isAsking = false
    fence.becomes(position === undefined ? FAILED : { name: 'known', position })
    void this.#askNext()
  }
}
