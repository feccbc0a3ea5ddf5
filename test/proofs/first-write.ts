import { Client, type ClientConfig } from 'pg'

/** Where whoever waits for a new primary leaves its mark, past any router. */
export const markSchema = 'create table mark (i int)'

/**
 * Writes to a server in a tight loop until it takes it, past any router.
 *
 * @returns when the server acknowledged the write, on the clock of `performance.now()`
 */
export async function firstWrite(config: ClientConfig, timeoutMs: number): Promise<number> {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline) {
    const client = new Client({ ...config, query_timeout: timeoutMs })
    // The server may well end it: the loop goes on.
    client.on('error', () => {})
    try {
      await client.connect()
      while (performance.now() < deadline) {
        if (await isTaken(client)) return performance.now()
      }
    } catch {
      await new Promise((resolve) => setImmediate(resolve))
    } finally {
      await client.end().catch(() => {})
    }
  }
  throw new Error(`Port ${config.port} took no write within ${timeoutMs} ms`)
}

/** @throws Error of the connection, when that was lost */
async function isTaken(client: Client): Promise<boolean> {
  try {
    await client.query('insert into mark values (1)')
    return true
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === '25006') return false
    throw error
  }
}
