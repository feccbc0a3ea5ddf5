import type { Client } from 'pg'
import type { Pooler } from './facts.ts'
import { ask } from './question.ts'

/** Other clients of the pooler may take the connection in between. */
const ATTEMPTS = 5

/**
 * Tells whether a pooler stands between two connections and their server, and in which mode. A pooler makes up the
 * process ID that it reports when a connection is made. Between transactions, one in transaction mode lends the
 * server's connection of one client to the other.
 */
export async function poolerBetween(one: Client, other: Client): Promise<Pooler> {
  if ((await backendOf(one)) === processIdOf(one)) return 'none'
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = await backendOf(one)
    if ((await backendOf(other)) === first) return 'transaction'
  }
  return 'session'
}

async function backendOf(client: Client): Promise<number> {
  const [row] = await ask(client, 'SELECT pg_backend_pid()')
  return Number(row?.[0])
}

function processIdOf(client: Client): number {
  return Number(Reflect.get(client, 'processID'))
}
