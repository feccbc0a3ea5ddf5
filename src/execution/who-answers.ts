import type { PoolClient, QueryArrayResult } from 'pg'
import type { End, SideQuery } from '../nodes/exchange.ts'
import type { Platform } from '../platform/platform.ts'
import type { Observation } from '../topology/node.ts'
import { PROBE_SQL, readProbe, type ProbeRow } from '../topology/probe.ts'
import { PROGRESS_SQL, readProgress } from '../topology/progress.ts'

/** The last full observation of each connection's server. */
const known = new WeakMap<PoolClient, Observation>()

/**
 * Returns the query for the identity and position of a connection's server: a full one the first time, then only the
 * position.
 *
 * Calls `answered` with `undefined` when the server is uncertain: it gave no usable answer, or another process has
 * answered than the one that the connection was opened to. Then there is a pooler, and later queries may reach another
 * server.
 */
export function whoAnswers(
  client: PoolClient,
  platform: Platform,
  answered: (observation: Observation | undefined, error: Error | undefined) => End | undefined,
): SideQuery {
  let last: Observation | undefined
  let sentAtMs = 0
  return {
    ask: () => {
      last = known.get(client)
      sentAtMs = platform.now()
      return { text: last === undefined ? PROBE_SQL : PROGRESS_SQL, rowMode: 'array' }
    },
    answered: (error, answer) => {
      if (error) return answered(undefined, error)
      const [row] = (answer as QueryArrayResult<(string | null)[]>).rows
      const observation = read(client, row, last, sentAtMs, platform.now())
      if (observation === undefined) forgetWhoAnswers(client)
      else known.set(client, observation)
      return answered(observation, undefined)
    },
  }
}

/** Makes the next query a full one. */
export function forgetWhoAnswers(client: PoolClient): void {
  known.delete(client)
}

function read(
  client: PoolClient,
  row: ProbeRow | undefined,
  last: Observation | undefined,
  sentAtMs: number,
  receivedAtMs: number,
): Observation | undefined {
  const { processID } = client as PoolClient & { readonly processID?: number | null }
  if (row === undefined || Number(row.at(-1)) !== processID) return undefined
  if (last !== undefined) return readProgress(row, last, sentAtMs, receivedAtMs)
  try {
    return readProbe(row, sentAtMs, receivedAtMs)
  } catch {
    return undefined
  }
}
