import type { Client } from 'pg'
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

type Connected = (error?: Error | null) => void

/** A message while it is filled. */
type Filling<Message> = { -readonly [Field in keyof Message]: Message[Field] }

/** Publishes leases and new connections of one pool's nodes while there are listeners. */
export class ConnectionTraces implements Followed {
  readonly #pool: string
  readonly #platform: { now(): number }

  /** @param pool Name of the pool in messages. */
  constructor(pool: string, platform: { now(): number }) {
    this.#pool = pool
    this.#platform = platform
  }

  get followsLeases(): boolean {
    return isTraced(checkoutChannel)
  }

  lease(node: NodeId, callback: LeaseCallback, start: (callback: LeaseCallback) => void): void {
    const message: Filling<CheckoutMessage> = { pool: this.#pool, node }
    const ended = this.#follow(checkoutChannel, message)
    checkoutChannel.start.runStores(message, () => {
      start((error, client) => ended(error, () => callback(error, client)))
      checkoutChannel.end.publish(message)
    })
  }

  /** pg-pool calls `connect()` of a new client once. */
  connecting(node: NodeId, client: Client): void {
    if (!isTraced(connectChannel)) return
    const connect = (connected: Connected): void => {
      Reflect.deleteProperty(client, 'connect')
      const message: Filling<ConnectMessage> = { pool: this.#pool, node }
      const ended = this.#follow(connectChannel, message)
      connectChannel.start.runStores(message, () => {
        client.connect((error?: Error | null) => ended(error, () => connected(error)))
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
