import type { Client } from 'pg'
import type { Lag } from './facts.ts'
import { ask } from './question.ts'

const PAUSE_MS = 20

/** Returns the position up to which the primary has flushed its WAL. */
export async function primaryPosition(client: Client): Promise<string> {
  const [row] = await ask(client, 'SELECT pg_current_wal_flush_lsn()')
  const position = row?.[0]
  if (!position) throw new Error('the primary reports no position')
  return position
}

/** Waits until a replica has replayed `position`, but not for longer than the lag that is allowed. */
export async function lagBehind(client: Client, position: string, maxLagMs: number): Promise<Lag> {
  const startedAt = performance.now()
  for (;;) {
    const [row] = await ask(client, `SELECT pg_wal_lsn_diff('${position}', pg_last_wal_replay_lsn())`)
    if (row?.[0] === null || row === undefined) throw new Error('it reports no position')
    const bytes = Math.max(0, Number(row[0]))
    const ms = performance.now() - startedAt
    if (bytes === 0 || ms >= maxLagMs) return { ms: Math.round(ms), isCaughtUp: bytes === 0, bytes }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
