import type { PoolClient, QueryArrayResult } from 'pg'
import { reaches, type Position } from '../consistency/position.ts'
import { exchange, type Question } from '../nodes/exchange.ts'
import { isServerError } from '../platform/server-error.ts'
import { parseLsn } from '../topology/lsn.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Send } from './execution.ts'

/** The result of a read whose replica turned out to be behind: nothing was lost but the time. */
export const BEHIND: unique symbol = Symbol('behind')

const PROGRESS = {
  text: 'select pg_backend_pid(), pg_last_wal_replay_lsn()::text',
  rowMode: 'array' as const,
}

/** Connections behind which another process has answered: there is a pooler, so asking there again proves nothing. */
const pooled = new WeakSet<PoolClient>()

/**
 * Asks the replica how far it is, in front of the read, over the same connection and in the same round trip. Replay only
 * moves forward, so a position that is reached then is shown by the read; else the answer is thrown away. Sees what the
 * probes have not seen yet.
 *
 * Behind a pooler the two may reach two servers: then the process that answers is not the one that the connection was
 * opened to, and nothing is proven. A connection where that was seen is not asked again.
 */
export function inBand(query: Send, node: NodeView, wanted: Position): Send {
  return (client, done) => {
    if (pooled.has(client)) return done(undefined, BEHIND)
    exchange(client, { before: [positionCheck(client, node, wanted)], query, canPipeline: true }, done)
  }
}

/** Lets a read go on only where the replica has reached a position. */
function positionCheck(client: PoolClient, node: NodeView, wanted: Position): Question {
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
