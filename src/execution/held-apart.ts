import type { PoolClient } from 'pg'

/** Keeps a connection from everybody until the returned function is called. Lost meanwhile, it would be told to nobody else. */
export function heldApart(client: PoolClient): () => void {
  const ignore = (): void => {}
  client.on('error', ignore)
  return () => {
    client.removeListener('error', ignore)
    client.release()
  }
}
