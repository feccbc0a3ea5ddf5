import type { PoolClient, QueryArrayResult } from 'pg'
import type { End, SideQuery } from '../nodes/exchange.ts'
import type { Platform } from '../platform/platform.ts'
import type { Observation } from '../topology/node.ts'
import { PROBE_PID, probeSql, readProbe, type ProbeRow } from '../topology/probe.ts'
import { isToldByPosition, PROGRESS_PID, progressSql, readProgress } from '../topology/progress.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { PLAIN, type Wording } from '../topology/wording.ts'

/** The last full observation of each connection's server. */
const known = new WeakMap<PoolClient, Observation>()

/**
 * Returns the query for the identity and position of a connection's server: a full one the first time, then only the
 * position. It asks as the probes ask that node.
 *
 * Calls `answered` with `undefined` when the server is uncertain. Then it gave no usable answer, or the answer came
 * from another process than the one that the connection was opened to. Then there is a pooler, and later queries may
 * reach another server.
 */
export function whoAnswers(
  client: PoolClient,
  node: Pick<NodeView, 'state'> | undefined,
  platform: Platform,
  answered: (observation: Observation | undefined, error: Error | undefined) => End | undefined,
): SideQuery {
  let last: Observation | undefined
  let wording = PLAIN
  let sentAtMs = 0
  return {
    ask: () => {
      const before = known.get(client)
      last = before !== undefined && isToldByPosition(before) ? before : undefined
      wording = (node?.state.name === 'up' ? node.state.observation.wording : undefined) ?? PLAIN
      sentAtMs = platform.now()
      const text = last === undefined ? probeSql(wording, false) : progressSql(wording, false)
      return { text, rowMode: 'array' }
    },
    answered: (error, answer) => {
      if (error) return answered(undefined, error)
      const [row] = (answer as QueryArrayResult<(string | null)[]>).rows
      const observation = read(client, row, last, wording, sentAtMs, platform.now())
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
  wording: Wording,
  sentAtMs: number,
  receivedAtMs: number,
): Observation | undefined {
  const { processID } = client as PoolClient & { readonly processID?: number | null }
  const pid = row?.[last === undefined ? PROBE_PID : PROGRESS_PID]
  if (row === undefined || Number(pid) !== processID) return undefined
  if (last !== undefined) return readProgress(row, last, sentAtMs, receivedAtMs)
  try {
    return readProbe(row, sentAtMs, receivedAtMs, wording)
  } catch {
    return undefined
  }
}
