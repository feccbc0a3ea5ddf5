import type { Client, ClientConfig } from 'pg'

/**
 * Makes a connection with these options, which is not connected yet: one of node-postgres, or one to a simulated server that
 * speaks as such a client does.
 */
export type Connect = (options: ClientConfig) => Client

const known = new WeakMap<typeof Client, Connect>()

/** Makes connections of this class. The same function for the same class: pools that make theirs alike can share what they ask. */
export function connectBy(ClientClass: typeof Client): Connect {
  let connect = known.get(ClientClass)
  if (connect === undefined) {
    connect = (options) => new ClientClass(options)
    known.set(ClientClass, connect)
  }
  return connect
}
