import type { PoolClient, QueryArrayResult } from 'pg'
import { reaches, type Position } from '../consistency/position.ts'
import { exchange, type SideQuery } from '../nodes/exchange.ts'
import { isServerError } from '../platform/server-error.ts'
import { parseLsn } from '../topology/lsn.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Send } from './execution.ts'

/** Error of a read whose replica is behind. The read may run elsewhere. */
export const BEHIND: unique symbol = Symbol('behind')

const PROGRESS = {
  text: 'select pg_catalog.pg_backend_pid(), pg_catalog.pg_last_wal_replay_lsn()::pg_catalog.text',
  rowMode: 'array' as const,
}

/** Connections through a pooler, where another process has answered. Another check there would prove nothing. */
const pooled = new WeakSet<PoolClient>()

/**
 * Checks the replica's position right before the read, over the same connection and in the same round trip. Replay only
 * moves forward, so the read shows a position that the check found reached; otherwise the answer is dropped. This is
 * fresher than the last probe.
 *
 * Through a pooler the two may reach different servers. Then another process answers than the one that the connection
 * was opened to, and nothing is proven. Such a connection is not checked again.
 */
export function inBand(query: Send, node: NodeView, wanted: Position): Send {
  return (client, done) => {
    if (pooled.has(client)) return done(undefined, BEHIND)
    exchange(client, { before: [positionCheck(client, node, wanted)], query, canPipeline: true }, done)
  }
}

/** Returns the query that stops a read unless the replica has reached a position. */
function positionCheck(client: PoolClient, node: NodeView, wanted: Position): SideQuery {
  return {
    ask: PROGRESS,
    answered: (error, answer) => {
      if (error) return isServerError(error) ? { result: BEHIND } : { error }
      const [pid, lsn] = ((answer as QueryArrayResult).rows[0] ?? []) as readonly unknown[]
      if (Number(pid) !== Reflect.get(client, 'processID')) pooled.add(client)
      else if (shows(node, lsn, wanted)) return undefined
      return { result: BEHIND }
    },
  }
}

function shows({ state }: NodeView, lsnText: unknown, wanted: Position): boolean {
  const lsn = typeof lsnText === 'string' ? parseLsn(lsnText) : undefined
  if (lsn === undefined || state.name !== 'up') return false
  const { systemIdentifier, timeline } = state.observation
  if (timeline === undefined || systemIdentifier !== wanted.systemIdentifier) return false
  return reaches({ timeline, lsn }, wanted)
}
