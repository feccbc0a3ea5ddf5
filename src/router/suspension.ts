import type { LeasePoolListener } from '../nodes/lease-pool.ts'
import type { NodeSet } from '../nodes/node-set.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { SuspendingPlatform } from '../platform/suspending.ts'

/**
 * Time without a statement and without any connection for statements after which the monitor rests, in milliseconds.
 */
const UNUSED_AFTER_MS = 1_000

export interface SuspensionOptions {
  readonly platform: Platform
  readonly nodes: () => Pick<NodeSet, 'isInUse' | 'isEmpty'>
  /** Closes the connections of the monitor. */
  readonly rest: () => void
}

/**
 * The life cycle of a pool whose process may be frozen between two requests: no work in the background while no
 * statement runs. The connections of the monitor close with the last connection for statements.
 */
export class Suspension {
  readonly platform: SuspendingPlatform
  readonly #options: SuspensionOptions
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: SuspensionOptions) {
    this.#options = options
    this.platform = new SuspendingPlatform(options.platform, {
      isInUse: () => options.nodes().isInUse,
      unused: () => this.#unused(),
    })
  }

  /** Learns when connections are released and closed. */
  around(listener: LeasePoolListener): LeasePoolListener {
    // pg-pool updates its counts after it has reported the event.
    const settle = (): void => queueMicrotask(() => void this.platform.settle())
    return {
      ...listener,
      released: (error, client) => {
        listener.released(error, client)
        settle()
      },
      removed: (client) => {
        listener.removed(client)
        queueMicrotask(() => this.#restIfEmpty())
      },
    }
  }

  /** No timer keeps the pool in memory from now on. Connections that close later start none. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #restIfEmpty(): void {
    if (this.platform.settle() && this.#options.nodes().isEmpty) this.#options.rest()
  }

  /** Rests later if no connection for statements is open whose end would cause it. */
  #unused(): void {
    this.#timer?.cancel()
    if (this.#isClosed || !this.#options.nodes().isEmpty) return
    this.#timer = this.#options.platform.schedule(UNUSED_AFTER_MS, () => this.#restIfEmpty())
  }
}
