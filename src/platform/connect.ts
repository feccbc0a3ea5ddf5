import type { Client, ClientConfig } from 'pg'

/**
 * Creates an unconnected client with these options: one of node-postgres, or one of a simulated server with the same
 * interface.
 */
export type Connect = (options: ClientConfig) => Client

const known = new WeakMap<typeof Client, Connect>()

/**
 * Returns a function that creates clients of this class. It is the same function for the same class, so that pools with
 * the same class can share their monitor.
 */
export function connectBy(ClientClass: typeof Client): Connect {
  let connect = known.get(ClientClass)
  if (connect === undefined) {
    connect = (options) => new ClientClass(options)
    known.set(ClientClass, connect)
  }
  return connect
}
