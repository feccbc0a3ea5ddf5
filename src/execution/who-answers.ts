import type { PoolClient, QueryArrayResult } from 'pg'
import type { Platform } from '../platform/platform.ts'
import { queryUnseen } from '../platform/unseen.ts'
import type { Observation } from '../topology/node.ts'
import { PROBE_SQL, readProbe, type ProbeRow } from '../topology/probe.ts'
import { PROGRESS_SQL, readProgress } from '../topology/progress.ts'

/** What is known of the server that each connection has reached, since it was asked everything. */
const known = new WeakMap<PoolClient, Observation>()

/**
 * Asks the server that this connection has reached who it is and how far: everything the first time, and then how far alone.
 *
 * `answered` gets `undefined` when that is not certain: the server gave no usable answer, or another process has answered than
 * the one that the connection was opened to. Then there is a pooler, and whatever follows may reach another server.
 */
export function askWhoAnswers(
  client: PoolClient,
  platform: Platform,
  answered: (observation: Observation | undefined, error: Error | undefined) => void,
): void {
  const last = known.get(client)
  const sentAtMs = platform.now()
  const question = { text: last === undefined ? PROBE_SQL : PROGRESS_SQL, rowMode: 'array' as const }
  queryUnseen(client, question, (error, answer) => {
    if (error) return answered(undefined, error)
    const [row] = (answer as QueryArrayResult<(string | null)[]>).rows
    const observation = read(client, row, last, sentAtMs, platform.now())
    if (observation === undefined) forgetWhoAnswers(client)
    else known.set(client, observation)
    answered(observation, undefined)
  })
}

/** Next time it is asked everything anew. */
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
