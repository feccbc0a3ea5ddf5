import type { PoolClient } from 'pg'

/**
 * Calls `released` once, after whoever has the connection has given it back. pg-pool makes `release` anew for everybody who gets
 * the connection.
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
