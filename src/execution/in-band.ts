import type { PoolClient, QueryArrayResult } from 'pg'
import { reaches, type Position } from '../consistency/position.ts'
import { queryUnseen, type OwnAnswered } from '../platform/unseen.ts'
import { parseLsn } from '../topology/lsn.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Done, Send } from './execution.ts'

/** What a read comes to whose replica turned out to be behind: nothing was lost but the time. */
export const BEHIND: unique symbol = Symbol('behind')

const PROGRESS = {
  text: 'select pg_backend_pid(), pg_last_wal_replay_lsn()::text',
  rowMode: 'array' as const,
}

/** Since version 8.23 node-postgres can send a query before the last one is answered. */
interface Pipelining {
  pipeline?: boolean
  readonly processID?: number | null
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
export function inBand(send: Send, node: NodeView, wanted: Position): Send {
  return (client, done) => {
    const connection = client as PoolClient & Pipelining
    if (pooled.has(client)) return done(undefined, BEHIND)
    let hasReached = false
    const proven: Done = (error, result) => {
      if (error && !isAnswer(error)) done(error)
      else if (hasReached) done(error, result)
      else done(undefined, BEHIND)
    }
    const asked: OwnAnswered = (error, answer) => {
      const [pid, lsn] = ((answer as QueryArrayResult | undefined)?.rows[0] ?? []) as readonly unknown[]
      if (error) return
      if (Number(pid) === connection.processID) hasReached = shows(node, lsn, wanted)
      else pooled.add(client)
    }
    if (!('pipeline' in connection)) return inTurn(client, send, asked, () => hasReached, done)
    const { pipeline } = connection
    connection.pipeline = true
    queryUnseen(client, PROGRESS, asked)
    send(client, (error, result) => {
      connection.pipeline = pipeline ?? false
      proven(error, result)
    })
  }
}

/** Where queries cannot be sent ahead, the read is sent when the position is known. */
function inTurn(
  client: PoolClient,
  send: Send,
  asked: OwnAnswered,
  hasReached: () => boolean,
  done: Done,
): void {
  queryUnseen(client, PROGRESS, (error, answer) => {
    asked(error, answer)
    // Its own `statement_timeout` may cut the question: then nothing is known.
    if (error && Reflect.get(error, 'code') !== '57014') done(error)
    else if (hasReached()) send(client, done)
    else done(undefined, BEHIND)
  })
}

function shows({ state }: NodeView, lsnText: unknown, wanted: Position): boolean {
  const lsn = typeof lsnText === 'string' ? parseLsn(lsnText) : undefined
  if (lsn === undefined || state.name !== 'up') return false
  const { systemIdentifier, timeline } = state.observation
  if (timeline === undefined || systemIdentifier !== wanted.systemIdentifier) return false
  return reaches({ timeline, lsn }, wanted)
}

/** An error of the server, as a replica gives it that does not have the table yet. */
function isAnswer(error: Error): boolean {
  return 'severity' in error
}
