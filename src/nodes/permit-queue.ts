import type GenericPool from 'generic-pool'
import { requireLazily } from '../platform/require.ts'

interface Request {
  readonly promise: Promise<object>
}
type RequestClass = new (timeoutMs: undefined, promises: PromiseConstructor) => Request

/** Members of generic-pool's pool that its types lack. */
interface Internals {
  readonly _waitingClientsQueue: { enqueue(request: Request, priority: number): void }
  _dispense(): void
}

/** Parts of generic-pool, which only pools with tiers load. */
interface Library {
  readonly createPool: typeof GenericPool.createPool
  readonly ResourceRequest: RequestClass
}

let library: Library | undefined

/** Loads generic-pool, unless that has been done. */
export function loadPermitQueues(): Library {
  library ??= {
    createPool: (requireLazily('generic-pool') as typeof GenericPool).createPool,
    ResourceRequest: requireLazily('generic-pool/lib/ResourceRequest.js') as RequestClass,
  }
  return library
}

/**
 * A number of permits, and the callers who wait for one by priority. Tracing tools wrap `acquire` of generic-pool and
 * would show each permit as a query of the application, so requests go directly into its queue.
 */
export class PermitQueue {
  readonly #pool: GenericPool.Pool<object>

  /** @param max Number of permits. @param priorities Number of priorities. */
  constructor(max: number, priorities: number) {
    const factory = { create: async () => ({}), destroy: async () => {} }
    this.#pool = loadPermitQueues().createPool<object>(factory, { max, priorityRange: priorities })
  }

  take(priority: number): Promise<object> {
    const request = new (loadPermitQueues().ResourceRequest)(undefined, Promise)
    const internals = this.#pool as unknown as Internals
    internals._waitingClientsQueue.enqueue(request, priority)
    internals._dispense()
    return request.promise
  }

  giveBack(permit: object): void {
    void this.#pool.release(permit)
  }
}
