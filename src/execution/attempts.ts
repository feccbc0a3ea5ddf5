import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import type { ServerNode } from '../nodes/server-node.ts'
import { inThisContext } from '../platform/async-context.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import type { NodeId } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Done, Send } from './execution.ts'
import { failureOf, type Failure } from './failure.ts'
import { askWhetherStandby } from './standby-proof.ts'

/** How an attempt ended. */
export interface Attempted {
  readonly error: Error | undefined
  /** What the error says of the node. Absent when there is none. */
  readonly failure: Failure | undefined
  readonly result: unknown
  /** False when there was no connection to send the statement over. */
  readonly wasSent: boolean
  /** The connection, if it is kept: the receiver's from now on. */
  readonly client: PoolClient | undefined
}

export interface ReadAttempt {
  /** Absent: as long as the node is there. */
  readonly timeoutMs: number | undefined
  /** Whether more is to follow over its connection: then, unless it fails, that is not given back. */
  readonly keeps: boolean
}

export interface AttemptsOptions {
  /** Absent when the node is no longer one of the cluster's. */
  readonly nodeOf: (id: NodeId) => ServerNode | undefined
  readonly platform: Platform
  /** A statement is being sent to this node. */
  readonly sent: (node: NodeView) => void
}

type End = (failure: Failure | undefined, error: Error | undefined, result?: unknown) => void

/** Why an attempt is given up from outside, and what that says of the node. */
type GiveUp = (cause: Error, failure: Abandonment) => void

export type Abandonment = Extract<Failure, 'node' | 'fenced'>

/** Receives why there is no connection, and what that says of the node. */
type Refused = (error: Error, failure: Failure) => void

/** Runs one statement on one node: leases a connection, sends, gives the connection back. As with pg.Pool, an error costs the connection. */
export class Attempts {
  readonly #options: AttemptsOptions
  /** Ends what may be given up at any time: reads, and the waiting for a connection. */
  readonly #harmless = new Map<GiveUp, NodeId>()

  constructor(options: AttemptsOptions) {
    this.#options = options
  }

  /**
   * Runs a proven read. It is given up when the node is, and after `timeoutMs`, if there is such: nobody minds whether it
   * ran.
   */
  read(
    node: NodeView,
    send: Send,
    { timeoutMs, keeps }: ReadAttempt,
    attempted: (end: Attempted) => void,
  ): void {
    const giveUp: GiveUp = (cause, failure) => end(failure, cause)
    const timer = timeoutMs === undefined ? undefined : this.#scheduleEnd(node, timeoutMs, giveUp)
    const sending = (): void => void this.#harmless.set(giveUp, node.id)
    const ended = (end: Attempted): void => {
      timer?.cancel()
      this.#harmless.delete(giveUp)
      attempted(end)
    }
    const end = this.#run(node, send, { sending, keeps }, ended)
  }

  /** Calls `giveUp` when the node is given up, until the returned function is called. */
  watch(node: NodeView, giveUp: (cause: Error) => void): () => void {
    this.#harmless.set(giveUp, node.id)
    return () => void this.#harmless.delete(giveUp)
  }

  /** Runs anything else. It is given up while it waits for a connection only. */
  write(node: NodeView, send: Send, attempted: (end: Attempted) => void): void {
    this.#run(node, send, { sending: () => {}, keeps: false }, attempted)
  }

  /** Leases a connection: one of the two is called, once. When the node is gone, so is the hope for a connection. */
  lease(node: NodeView, leased: (client: PoolClient) => void, refused: Refused): void {
    const server = this.#options.nodeOf(node.id)
    if (server === undefined) {
      return refused(new Error(`${node.id} is no longer a node of the cluster`), 'busy')
    }
    let isOver = false
    const giveUp: GiveUp = (cause, failure) => {
      isOver = true
      this.#harmless.delete(giveUp)
      refused(cause, failure)
    }
    this.#harmless.set(giveUp, node.id)
    // pg-pool hands connections over in the async context of whoever released them.
    const handedOver = inThisContext((error: Error | undefined, client?: PoolClient): void => {
      if (isOver) return giveBack(client)
      this.#harmless.delete(giveUp)
      if (client !== undefined) return leased(client)
      const cause = error ?? new Error('Connection terminated unexpectedly')
      // A primary that refuses the login answers every statement so. What a replica refuses, another one may take.
      const failure = failureOf(cause)
      refused(cause, failure === 'statement' && node.role === 'replica' ? 'busy' : failure)
    })
    server.lease(handedOver)
  }

  /** The node is gone, or left behind: the reads under way there have failed, and nobody gets a connection any more. */
  abandon(id: NodeId, cause: Error, failure: Abandonment = 'node'): void {
    // Before the first is told: what comes anew is another matter.
    const there = [...this.#harmless].filter(([, node]) => node === id)
    for (const [giveUp] of there) giveUp(cause, failure)
  }

  #scheduleEnd(node: NodeView, timeoutMs: number, giveUp: GiveUp): Timer {
    return this.#options.platform.schedule(timeoutMs, () => {
      const message = `${node.id} did not answer a read within ${timeoutMs} ms`
      giveUp(new SwitchyardError('SWITCHYARD_READ_TIMEOUT', message, { retryable: true }), 'node')
    })
  }

  /** Returns what ends it from outside; harmless when it has ended. */
  #run(
    node: NodeView,
    send: Send,
    { sending, keeps }: { readonly sending: () => void; readonly keeps: boolean },
    attempted: (end: Attempted) => void,
  ): End {
    let client: PoolClient | undefined
    let isOver = false
    const end: End = (failure, error, result) => {
      if (isOver) return
      isOver = true
      const wasSent = client !== undefined
      client?.removeListener('error', finish)
      const kept = keeps && error === undefined ? client : undefined
      try {
        if (kept === undefined) client?.release(error)
      } finally {
        attempted({ error, failure, result, wasSent, client: kept })
      }
    }
    const finish: Done = (error, result) => {
      if (!error) return end(undefined, undefined, result)
      const failure = failureOf(error)
      if (failure !== 'standby-refusal' || node.role === 'replica' || client === undefined) {
        return end(failure, error)
      }
      // What calls itself a primary may refuse for another reason: transactions are read-only there by default.
      askWhetherStandby(client, (isStandby) => end(isStandby ? 'standby-refusal' : 'statement', error))
    }
    const leased = (connection: PoolClient): void => {
      if (isOver) return giveBack(connection)
      client = connection
      client.once('error', finish)
      sending()
      this.#options.sent(node)
      try {
        send(client, finish)
      } catch (thrown) {
        finish(asError(thrown))
      }
    }
    this.lease(node, leased, (error, failure) => end(failure, error))
    return end
  }
}

/** A connection that comes too late works, and is for whoever is next. Not at once: that may be the next who is gone. */
function giveBack(client: PoolClient | undefined): void {
  if (client !== undefined) queueMicrotask(() => client.release())
}
