import type { ClientConfig, PoolClient, Submittable } from 'pg'
import type { Done } from '../execution/execution.ts'
import type { Acquire } from '../settings/acquire.ts'
import { isUsable } from './client-core.ts'
import type { RouterPort } from './router-port.ts'
import type { LeakWatch } from './leak-watch.ts'
import type { RoutedClientClass } from './routed-client.ts'
import { ParameterAnnouncer } from './parameter-status.ts'
import { submitThrough } from './submit-through.ts'
import { Wiring } from './wiring.ts'
import { RELEASED_TWICE } from './words.ts'

export interface CheckoutsOptions {
  readonly ClientClass: RoutedClientClass
  readonly router: RouterPort
  /** What clients show of their connections: options of node-postgres. */
  readonly config: ClientConfig
  readonly primaryOnly: boolean
  /** A connection to the primary is borrowed at once. */
  readonly isEager: boolean
  /** How many clients are kept for the next one. */
  readonly max: number
  /** Resolves when a statement may hope for a node. */
  readonly servable: () => Promise<void>
  /** Runs `acquire` listeners in the async context of this call. Absent while there are none. */
  readonly acquiring: () => Acquire | undefined
  readonly leaks: LeakWatch | undefined
  /** A client is asked for. */
  readonly begun: () => void
  /** Everything that it had is given back, or there never was one. */
  readonly ended: () => void
}

/**
 * Hands out routed clients. As with pg.Pool's connections the one that was released last comes first, so that what programs
 * keep about a client object, and have set through it, holds for its next checkout.
 */
export class Checkouts {
  readonly #options: CheckoutsOptions
  readonly #parameters: ParameterAnnouncer
  readonly #idle: PoolClient[] = []
  readonly #wirings = new WeakMap<PoolClient, Wiring>()
  /** Released with an error: not for anybody else. */
  readonly #failed = new WeakSet<PoolClient>()

  constructor(options: CheckoutsOptions) {
    this.#options = options
    this.#parameters = new ParameterAnnouncer(options.router)
  }

  async take(): Promise<PoolClient> {
    const { acquiring, begun, ended, isEager, leaks, servable } = this.#options
    const stack = leaks?.here()
    begun()
    const client = await servable()
      .then(() => this.#idle.pop() ?? this.#make())
      .catch((error: unknown) => {
        ended()
        throw error
      })
    const connection = this.#wirings.get(client)?.connection
    connection?.renew(acquiring())
    if (isEager && connection !== undefined) {
      const error = await new Promise<Error | undefined>((resolve) => connection.holdPrimary(resolve))
      if (error !== undefined) {
        connection.release()
        throw error
      }
    }
    Object.assign(client, { release: this.#releaseOnce(client) })
    if (stack !== undefined) leaks?.out(client, stack)
    return client
  }

  /** Runs a query object over a client of its own; see `submitThrough`. */
  submit(submittable: Submittable, done: Done): void {
    submitThrough(() => this.take(), submittable, done)
  }

  async #make(): Promise<PoolClient> {
    const { ClientClass, router, config, primaryOnly, isEager } = this.#options
    const wiring = new Wiring({
      router,
      config,
      primaryOnly,
      isEager,
      parameters: this.#parameters,
      returned: (client) => this.#returned(client),
    })
    const client = new ClientClass(wiring) as unknown as PoolClient
    this.#wirings.set(client, wiring)
    // With a callback, as pg-pool does: what an application has put around `connect()` may count on it.
    await new Promise<void>((resolve, reject) => {
      client.connect((error?: Error | null) => (error ? reject(error) : resolve()))
    })
    return client
  }

  #releaseOnce(client: PoolClient): (error?: Error | boolean) => void {
    let isReleased = false
    return (error) => {
      if (isReleased) throw new Error(RELEASED_TWICE)
      isReleased = true
      this.#options.leaks?.back(client)
      if (error) this.#failed.add(client)
      this.#wirings.get(client)?.connection?.release(error)
    }
  }

  #returned(client: PoolClient): void {
    const { ended, max } = this.#options
    if (isUsable(client) && !this.#failed.has(client) && this.#idle.length < max) this.#idle.push(client)
    ended()
  }
}
