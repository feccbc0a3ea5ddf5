import type { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { asError } from './errors/as-error.ts'
import { failureOf } from './execution/failure.ts'
import { tended } from './execution/tended.ts'
import type { NodeConfig } from './nodes/server-node.ts'
import type { Tell } from './observability/tell.ts'
import type { SettingKeeper } from './settings/setting-keeper.ts'
import type { NodeId, Role } from './topology/node.ts'

/** What hooks are told to, and asked of. */
export interface HookHost {
  lastRoleOf(node: NodeId): Role
  readonly settings: SettingKeeper
  readonly tell: Tell
}

type OnConnect = (client: PoolClient) => unknown
type Verify = (client: PoolClient, done: (error?: Error) => void) => void

/**
 * What the application does on each new connection: listeners of `connect`, and the options `onConnect` and `verify`. On
 * the primary all of it is as with pg.Pool. A standby refuses some of it: that is reported, and ends neither the connection
 * nor the process.
 */
export class Hooks {
  readonly #host: HookHost
  readonly #reported = new WeakSet<Error>()

  constructor(host: HookHost) {
    this.#host = host
  }

  /** The same node, with the options' hooks under watch. */
  around(config: NodeConfig): NodeConfig {
    const { onConnect, verify } = config.options as { onConnect?: OnConnect; verify?: Verify }
    if (typeof onConnect !== 'function' && typeof verify !== 'function') return config
    // Spread would leave out a password, which is seldom enumerable.
    const options = Object.defineProperties({}, Object.getOwnPropertyDescriptors(config.options))
    if (typeof onConnect === 'function')
      Object.assign(options, { onConnect: this.#onConnect(config.id, onConnect) })
    if (typeof verify === 'function') Object.assign(options, { verify: this.#verify(config.id, verify) })
    return { ...config, options }
  }

  /** Calls the listeners of `connect`. */
  connected(emitter: EventEmitter, node: NodeId, client: PoolClient): void {
    const unwatch = this.#watch(node, client)
    if (this.#isPrimary(node)) {
      emitter.emit('connect', client)
      return unwatch()
    }
    const going: Promise<void>[] = []
    for (const listener of emitter.rawListeners('connect')) {
      try {
        const result: unknown = Reflect.apply(listener, emitter, [client])
        // An async function: what it throws is reported as well.
        if (result instanceof Promise) going.push(result.catch((error: unknown) => this.#report(node, error)))
      } catch (error) {
        this.#report(node, error)
      }
    }
    // At once where nothing is waited for: what is sent next is not the application's.
    if (going.length === 0) unwatch()
    else void Promise.all(going).then(unwatch)
  }

  #onConnect(node: NodeId, own: OnConnect): OnConnect {
    return async (client) => {
      const unwatch = this.#watch(node, client)
      try {
        return await own(client)
      } catch (error) {
        if (!this.#isRefused(node, error)) throw error
        this.#report(node, error)
        return undefined
      } finally {
        unwatch()
      }
    }
  }

  #verify(node: NodeId, own: Verify): Verify {
    return (client, done) => {
      const unwatch = this.#watch(node, client)
      own(client, (error) => {
        unwatch()
        if (error === undefined || !this.#isRefused(node, error)) return done(error)
        this.#report(node, error)
        done()
      })
    }
  }

  /** Sees what is sent over a connection, until the returned function is called. */
  #watch(node: NodeId, client: PoolClient): () => void {
    const query = Reflect.get(client, 'query') as (...args: readonly unknown[]) => unknown
    let isOver = false
    const watched = (...args: readonly unknown[]): unknown => {
      const result: unknown = Reflect.apply(query, client, args)
      if (isOver) return result
      this.#host.settings.connections.touchedByHook(client)
      // Whoever awaits it hears of it; whoever does not is not to be ended by it.
      return result instanceof Promise && !this.#isPrimary(node)
        ? tended(result, (error) => this.#report(node, error))
        : result
    }
    Object.defineProperty(client, 'query', { value: watched, configurable: true, writable: true })
    return () => {
      isOver = true
      // The application may have put its own in front.
      if (Reflect.get(client, 'query') === watched) Reflect.deleteProperty(client, 'query')
    }
  }

  #isPrimary(node: NodeId): boolean {
    return this.#host.lastRoleOf(node) === 'primary'
  }

  #isRefused(node: NodeId, error: unknown): boolean {
    return !this.#isPrimary(node) && error instanceof Error && failureOf(error) === 'standby-refusal'
  }

  #report(node: NodeId, thrown: unknown): void {
    const error = asError(thrown)
    if (this.#reported.has(error)) return
    this.#reported.add(error)
    this.#host.tell('hookFailed', { node, cause: error })
  }
}
