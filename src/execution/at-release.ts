import type { PoolClient } from 'pg'

/**
 * Calls `released` once, after the current holder has released the connection. pg-pool sets a new `release` for each
 * holder.
 */
export function atRelease(client: PoolClient, released: () => void): void {
  const release: PoolClient['release'] = Reflect.get(client, 'release')
  client.release = (error) => {
    client.release = release
    try {
      client.release(error)
    } finally {
      released()
    }
  }
}
