import type { QueryArrayResult } from 'pg'
import type { ListedTransactions, ShowingProof } from '../consistency/unshown.ts'
import { asError } from '../errors/as-error.ts'
import { exchange, type SideQuery } from '../nodes/exchange.ts'
import { isServerError } from '../platform/server-error.ts'
import type { Platform } from '../platform/platform.ts'
import { inProgressSql, readInProgress } from '../topology/in-progress.ts'
import type { ProbeRow } from '../topology/probe.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { PLAIN } from '../topology/wording.ts'
import type { Done, Send } from './execution.ts'
import type { Sendable } from './read.ts'

/** Result of a read whose session may have seen more than the primary shows. */
export const UNPROVEN: unique symbol = Symbol('unproven')

export interface PrimaryCheck {
  /** See `ShowingProof`. */
  readonly judge: (listed: ListedTransactions) => boolean
  /** See `ShowingProof`. */
  readonly heard: ShowingProof['heard']
  /** Called when it is not proven that the primary shows what the session has seen. */
  readonly unproven: () => void
}

/** Continues a read that may run on the primary. */
export interface Proven {
  readonly shown: () => void
  /** The primary does not show yet what the session has seen. */
  readonly hidden: () => void
  readonly failed: (error: Error) => void
}

/** Continues when it is known whether the primary shows what a session has seen; at once if it certainly does. */
export function whenProven(proof: ShowingProof | undefined, { shown, hidden, failed }: Proven): void {
  if (proof === undefined) return shown()
  proof.prove().then(
    (showing) => (showing === 'hidden' ? hidden() : shown()),
    (error: unknown) => failed(asError(error)),
  )
}

/**
 * Sends a read to the primary if that shows what the session has seen. The query for its transactions in progress goes
 * ahead of the read, in the same round trip. The read shows at least the state that the primary shows then. If the
 * answer proves nothing, the read ends with `UNPROVEN`.
 *
 * The answer counts once the servers of what was read have told their timelines. If the primary has a successor it is
 * given up by then, and the read moves on.
 */
export function ifShown(
  read: Sendable,
  primary: Pick<NodeView, 'state'>,
  { heard, judge }: Pick<PrimaryCheck, 'heard' | 'judge'>,
  platform: Pick<Platform, 'now'>,
): Sendable {
  const query: Send = (client, done) => read.send(client, done)
  const { state } = primary
  const text = inProgressSql((state.name === 'up' ? state.observation.wording : undefined) ?? PLAIN)
  const send: Send = (client, done) => {
    let askedAtMs = Infinity
    const told = heard()
    const answered: Done = (error, result) => {
      if (told === undefined || error || result === UNPROVEN) return done(error, result)
      goOnAfter(told, () => done(error, result))
    }
    const check: SideQuery = {
      ask: () => {
        askedAtMs = platform.now()
        return { text, rowMode: 'array' }
      },
      answered: (error, answer) => {
        if (error && !isServerError(error)) return { error }
        const row = error ? undefined : ((answer as QueryArrayResult).rows[0] as ProbeRow | undefined)
        const inProgress = readInProgress(row)
        const isProven = inProgress !== undefined && judge({ ...inProgress, askedAtMs })
        return isProven ? undefined : { result: UNPROVEN }
      },
    }
    exchange(client, { before: [check], query, canPipeline: true }, answered)
  }
  return { send, custom: read.custom, trace: read.trace }
}

function goOnAfter(told: Promise<unknown>, goOn: () => void): void {
  void told.then(goOn)
}
