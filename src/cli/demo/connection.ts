import { Client, type ClientConfig } from 'pg'

const CONNECT_TIMEOUT_MS = 10_000

/** Calls `use` with a connection. When `signal` is aborted, the running statement is cancelled on the server. */
export async function withConnection<T>(
  config: ClientConfig,
  use: (client: Client) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const client = new Client({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  // A server that dies under an idle connection shows in the statement that follows.
  client.on('error', () => undefined)
  signal?.throwIfAborted()
  await client.connect()
  const cancel = (): void => void cancelBackend(config, client)
  signal?.addEventListener('abort', cancel)
  try {
    signal?.throwIfAborted()
    return await use(client)
  } finally {
    signal?.removeEventListener('abort', cancel)
    await client.end()
  }
}

async function cancelBackend(config: ClientConfig, running: Client): Promise<void> {
  const pid = 'processID' in running ? running.processID : undefined
  // If this fails, the statement runs to its end, which is awaited anyway.
  await withConnection(config, (client) => client.query('SELECT pg_cancel_backend($1)', [pid])).catch(
    () => undefined,
  )
}
