import type { PoolClient } from 'pg'
import type { Trace } from '../nodes/trace.ts'
import type { NodeId } from '../topology/node.ts'
import { downCauseOf, isAnotherServer, isFormerPrimary, type NodeView } from '../topology/snapshot.ts'
import type { Attempted } from './attempted.ts'
import { connect, type Refused } from './connect.ts'
import type { Send } from './execution.ts'
import { restartedError } from './fenced-error.ts'
import { giveBack } from './give-back.ts'
import { GiveUps, harmless, type Abandonment, type GiveUp } from './give-ups.ts'
import type { Sendable } from './read.ts'
import { ReadAttempt, type AttemptPort, type ReadTerms } from './read-attempt.ts'
import { WriteAttempt } from './write-attempt.ts'

/** Runs statements on nodes. */
export type Runner = Pick<Attempts, 'read' | 'watch' | 'write' | 'lease' | 'abandon' | 'abandonLater'>

/**
 * Runs one statement on one node: leases a connection, sends the statement, releases the connection. As with pg.Pool,
 * an error closes the connection.
 */
export class Attempts {
  readonly #port: AttemptPort
  readonly #giveUps = new GiveUps()

  constructor(port: AttemptPort) {
    this.#port = port
  }

  /** Runs a proven read over a lane if it may share one, else over a lease. */
  read(node: NodeView, sendable: Sendable, terms: ReadTerms, attempted: (end: Attempted) => void): void {
    const { nodeOf, rode, snapshot } = this.#port
    const { gate, keeps, timeoutMs, opensLanes = gate?.opensLanes } = terms
    const attempt = new ReadAttempt(this.#port, this.#giveUps, node, sendable, terms, attempted)
    const known = snapshot()
    const downCause = downCauseOf(known, node.id)
    if (downCause !== undefined) return attempt.giveUp(downCause, 'node')
    // It may have waited for room on the primary since its plan was made.
    if (isFormerPrimary(known, node)) {
      return attempt.giveUp(new Error(`${node.id} is no longer the primary`), 'fenced')
    }
    // It may have waited for a permit.
    if (isAnotherServer(known, node)) return attempt.giveUp(restartedError(node.id), 'fenced')
    this.#giveUps.add(attempt)
    if (timeoutMs !== undefined) attempt.endsAfter(timeoutMs)
    const shareable = keeps || gate?.sharesLanes === false ? undefined : sendable.shareable
    const ride = shareable && nodeOf(node.id)?.reads?.ride(shareable, attempt, opensLanes)
    if (ride === undefined) return attempt.moved()
    rode(node)
    attempt.rides(ride, known)
  }

  /** Calls `giveUp` when the node is given up, or soon if it is already down. The returned function unsubscribes. */
  watch(node: NodeView, giveUp: GiveUp): () => void {
    const entry = harmless(node.id, giveUp)
    this.#giveUps.add(entry)
    let isWatched = true
    const cause = downCauseOf(this.#port.snapshot(), node.id)
    if (cause !== undefined) {
      queueMicrotask(() => {
        if (isWatched) giveUp(cause, 'node')
      })
    }
    return () => {
      isWatched = false
      this.#giveUps.remove(entry)
    }
  }

  /** Runs any other statement over a lease. It can be given up only while it waits for a connection. */
  write(
    node: NodeView,
    send: Send,
    attempted: (end: Attempted) => void,
    custom?: ReadonlySet<string>,
    trace?: Trace,
  ): void {
    const { answered, nodeOf, platform, sent } = this.#port
    const server = nodeOf(node.id)
    const sending = { send, custom, trace, askedAtMs: platform.now() }
    new WriteAttempt({ node, server, sending, giveUps: this.#giveUps, sent, answered, attempted }).start()
  }

  /** Leases a connection. Exactly one callback is called, once. Fails when the node is given up. */
  lease(
    node: NodeView,
    leased: (client: PoolClient) => void,
    refused: Refused,
    custom?: ReadonlySet<string>,
  ): void {
    const downCause = downCauseOf(this.#port.snapshot(), node.id)
    if (downCause !== undefined) return refused(downCause, 'node')
    let isOver = false
    const entry = harmless(node.id, (cause, failure) => {
      isOver = true
      this.#giveUps.remove(entry)
      refused(cause, failure)
    })
    this.#giveUps.add(entry)
    connect(
      node,
      this.#port.nodeOf(node.id),
      (client) => {
        if (isOver) return giveBack(client)
        this.#giveUps.remove(entry)
        leased(client)
      },
      (error, failure) => {
        if (isOver) return
        this.#giveUps.remove(entry)
        refused(error, failure)
      },
      custom,
    )
  }

  /** Gives up a node that is down or fenced: its reads in flight and the requests for its connections fail. */
  abandon(id: NodeId, cause: Error, failure: Abandonment = 'node'): void {
    // Taken before the first callback, so that new operations are not included.
    for (const entry of this.#giveUps.at(id)) entry.giveUp(cause, failure)
  }

  /**
   * Returns a function that gives up the operations which are in progress now, except those that have ended by then.
   * `undefined` if there are none.
   */
  abandonLater(): ((cause: Error) => void) | undefined {
    const now = this.#giveUps.all()
    if (now.length === 0) return undefined
    return (cause) => {
      for (const entry of now) if (this.#giveUps.has(entry)) entry.giveUp(cause, 'node')
    }
  }
}
