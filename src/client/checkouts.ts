import type { ClientConfig, PoolClient, Submittable } from 'pg'
import type { Done } from '../execution/execution.ts'
import type { Acquire } from '../settings/acquire.ts'
import type { ClientKind } from './client-kind.ts'
import { isUsable } from './client-core.ts'
import type { RouterPort } from './router-port.ts'
import type { LeakWatch } from './leak-watch.ts'
import type { RoutedClientClass } from './routed-client.ts'
import { ParameterAnnouncer } from './parameter-status.ts'
import { submitThrough } from './submit-through.ts'
import type { VirtualConnection } from './virtual-connection.ts'
import { Wiring } from './wiring.ts'
import { RELEASED_TWICE } from './words.ts'

export interface CheckoutsOptions {
  readonly ClientClass: RoutedClientClass
  readonly router: RouterPort
  /** Connection options that clients show, as in node-postgres. */
  readonly config: ClientConfig
  readonly kind: ClientKind
  /** How many idle clients are kept. */
  readonly max: number
  /** Runs `acquire` listeners in the async context of this call. Absent while there are none. */
  readonly acquiring: () => Acquire | undefined
  readonly leaks: LeakWatch | undefined
  readonly usage: Usage
}

/** Counts clients and queries in progress, so that the end of a pool can wait for them. */
export interface Usage {
  /** How long a query object of a released client may wait for the program, in milliseconds. */
  readonly patienceMs: number
  /** A client is requested, or a query has begun. */
  begun(): void
  /** All that it had is given back, or it failed. */
  over(): void
}

/**
 * Hands out routed clients. As with pg.Pool's connections, the one that was released last comes first. So what programs
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
    this.#parameters = new ParameterAnnouncer(options.router, options.kind.tier)
  }

  take(): Promise<PoolClient> {
    const { kind, leaks, router, usage } = this.#options
    const stack = leaks?.here()
    usage.begun()
    const client = router.readiness.isServable && !kind.isEager ? this.#idle.pop() : undefined
    if (client === undefined) return this.#takeLater(stack)
    this.#renew(client)
    return Promise.resolve(this.#handOut(client, stack))
  }

  /** Runs a query object over a client of its own; see `submitThrough`. */
  submit(submittable: Submittable, done: Done): void {
    submitThrough(() => this.take(), submittable, done)
  }

  async #takeLater(stack: string | undefined): Promise<PoolClient> {
    const { kind, router, usage } = this.#options
    const client = await router.readiness
      .servable()
      .then(() => this.#idle.pop() ?? this.#make())
      .catch((error: unknown) => {
        usage.over()
        throw error
      })
    const connection = this.#renew(client)
    if (kind.isEager && connection !== undefined) {
      const error = await new Promise<Error | undefined>((resolve) => connection.holdPrimary(resolve))
      if (error !== undefined) {
        connection.release()
        throw error
      }
    }
    return this.#handOut(client, stack)
  }

  #renew(client: PoolClient): VirtualConnection | undefined {
    const connection = this.#wirings.get(client)?.connection
    connection?.renew(this.#options.acquiring())
    return connection
  }

  #handOut(client: PoolClient, stack: string | undefined): PoolClient {
    client.release = this.#releaseOnce(client)
    if (stack !== undefined) this.#options.leaks?.out(client, stack)
    return client
  }

  async #make(): Promise<PoolClient> {
    const { ClientClass, router, config, kind, usage } = this.#options
    const wiring = new Wiring({
      router,
      config,
      kind,
      parameters: this.#parameters,
      returned: (client) => this.#returned(client),
      patienceMs: () => usage.patienceMs,
    })
    const client = new ClientClass(wiring) as unknown as PoolClient
    this.#wirings.set(client, wiring)
    // With a callback, as pg-pool does: a wrapper that an application has put around `connect()` may rely on it.
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
    const { max, usage } = this.#options
    if (isUsable(client) && !this.#failed.has(client) && this.#idle.length < max) this.#idle.push(client)
    usage.over()
  }
}
