import type { Client, PoolClient } from 'pg'
import { failureOf } from '../execution/failure.ts'
import type { ConnectionTraces as Followed } from '../nodes/lease-pool.ts'
import type { LeaseCallback } from '../nodes/server-node.ts'
import type { NodeId } from '../topology/node.ts'
import {
  checkoutChannel,
  connectChannel,
  isTraced,
  type CheckoutMessage,
  type ConnectMessage,
  type Traced,
} from './channels.ts'
import { eventError } from './event-error.ts'
import type { EventStream } from './event-stream.ts'

type Connected = (error?: Error | null) => void

/** A message while it is filled. */
type Filling<Message> = { -readonly [Field in keyof Message]: Message[Field] }

/** A lease that has not ended. */
interface Lease {
  readonly node: NodeId
  readonly waitedMs: number
  readonly sinceMs: number
}

/** Reports leases and new connections of one pool's nodes while they have listeners. */
export class ConnectionTraces implements Followed {
  readonly #stream: EventStream
  readonly #platform: { now(): number }
  readonly #leases = new WeakMap<PoolClient, Lease>()

  constructor(stream: EventStream, platform: { now(): number }) {
    this.#stream = stream
    this.#platform = platform
  }

  get followsLeases(): boolean {
    return this.#stream.hearsLeases || isTraced(checkoutChannel)
  }

  /** Whether anybody listens to new connections. */
  get followsOpenings(): boolean {
    return isTraced(connectChannel) || this.#stream.hears('connectionOpened')
  }

  lease(node: NodeId, callback: LeaseCallback, start: (callback: LeaseCallback) => void): void {
    const askedAtMs = this.#platform.now()
    const leased: LeaseCallback = (error, client) => {
      const sinceMs = this.#platform.now()
      const waitedMs = sinceMs - askedAtMs
      if (client !== undefined) this.#leases.set(client, { node, waitedMs, sinceMs })
      else if (error && failureOf(error) === 'busy')
        this.#stream.tell('connectionTimedOut', { node, waitedMs })
      callback(error, client)
    }
    if (!isTraced(checkoutChannel)) return start(leased)
    const message: Filling<CheckoutMessage> = { pool: this.#stream.pool, node }
    const ended = this.#follow(checkoutChannel, message)
    checkoutChannel.start.runStores(message, () => {
      start((error, client) => ended(error, () => leased(error, client)))
      checkoutChannel.end.publish(message)
    })
  }

  returned(client: PoolClient): void {
    const lease = this.#leases.get(client)
    if (lease === undefined) return
    this.#leases.delete(client)
    const { node, sinceMs, waitedMs } = lease
    this.#stream.tell('connectionReturned', { node, waitedMs, usedMs: this.#platform.now() - sinceMs })
  }

  /** pg-pool calls `connect()` of a new client once. */
  connecting(node: NodeId, client: Client): void {
    if (!this.followsOpenings) return
    const connect = (connected: Connected): void => {
      Reflect.deleteProperty(client, 'connect')
      const message: Filling<ConnectMessage> = { pool: this.#stream.pool, node }
      const ended = this.#follow(connectChannel, message)
      const sinceMs = this.#platform.now()
      connectChannel.start.runStores(message, () => {
        client.connect((error?: Error | null) => {
          const durationMs = this.#platform.now() - sinceMs
          if (!error) this.#stream.tell('connectionOpened', { node, durationMs })
          ended(error, () => connected(error))
        })
        connectChannel.end.publish(message)
      })
    }
    Object.defineProperty(client, 'connect', { value: connect, configurable: true, writable: true })
  }

  /** Returns a function that completes and publishes the message around a callback. */
  #follow<Message extends ConnectMessage>(
    channel: Traced<Message>,
    message: Filling<Message>,
  ): (error: Error | null | undefined, callback: () => void) => void {
    const sinceMs = this.#platform.now()
    return (error, callback) => {
      message.durationMs = this.#platform.now() - sinceMs
      if (error) {
        message.error = eventError(error)
        channel.error.publish(message)
      }
      channel.asyncStart.runStores(message, () => {
        try {
          callback()
        } finally {
          channel.asyncEnd.publish(message)
        }
      })
    }
  }
}
