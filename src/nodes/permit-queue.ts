import genericPool from 'generic-pool'
// @ts-expect-error The types of generic-pool do not name this file.
import untypedRequest from 'generic-pool/lib/ResourceRequest.js'

interface Request {
  readonly promise: Promise<object>
}
const ResourceRequest = untypedRequest as new (timeoutMs: undefined, promises: PromiseConstructor) => Request

/** Members of generic-pool's pool that its types lack. */
interface Internals {
  readonly _waitingClientsQueue: { enqueue(request: Request, priority: number): void }
  _dispense(): void
}

/**
 * A number of permits, and the callers who wait for one by priority. Tracing tools wrap `acquire` of generic-pool and
 * would show each permit as a query of the application, so requests go directly into its queue.
 */
export class PermitQueue {
  readonly #pool: ReturnType<typeof genericPool.createPool<object>>

  /** @param max Number of permits. @param priorities Number of priorities. */
  constructor(max: number, priorities: number) {
    const factory = { create: async () => ({}), destroy: async () => {} }
    this.#pool = genericPool.createPool<object>(factory, { max, priorityRange: priorities })
  }

  take(priority: number): Promise<object> {
    const request = new ResourceRequest(undefined, Promise)
    const internals = this.#pool as unknown as Internals
    internals._waitingClientsQueue.enqueue(request, priority)
    internals._dispense()
    return request.promise
  }

  giveBack(permit: object): void {
    void this.#pool.release(permit)
  }
}
