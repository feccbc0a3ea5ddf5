import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import { hasOwnQuery } from '../nodes/own-query.ts'
import type { ShareableRead, Ride } from '../nodes/shareable-read.ts'
import type { ServerNode } from '../nodes/server-node.ts'
import { inThisContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { isLoginRefusal } from '../topology/login-refusal.ts'
import type { NodeId } from '../topology/node.ts'
import { downCauseOf, type NodeView, type Snapshot } from '../topology/snapshot.ts'
import { unsent, type Attempted } from './attempted.ts'
import type { Send } from './execution.ts'
import { failureOf, type Failure } from './failure.ts'
import { giveBack } from './give-back.ts'
import { GiveUps, harmless, type Abandonment, type GiveUp } from './give-ups.ts'
import { askWhetherStandby } from './standby-proof.ts'
import { WriteAttempt } from './write-attempt.ts'

export interface ReadAttempt {
  /** Absent: as long as the node is there. */
  readonly timeoutMs: number | undefined
  /** Whether more is to follow over its connection: then, unless it fails, that is not given back. */
  readonly keeps: boolean
  /** What is sent, where that is all there is to it: it may share a connection, and get a name. */
  readonly shareable?: ShareableRead | undefined
}

export interface AttemptsOptions {
  /** Absent when the node is no longer one of the cluster's. */
  readonly nodeOf: (id: NodeId) => ServerNode | undefined
  readonly platform: Platform
  readonly snapshot: () => Snapshot
  /** A statement is being sent to this node. */
  readonly sent: (node: NodeView) => void
}

type End = (failure: Failure | undefined, error: Error | undefined, result?: unknown) => void

/** Receives why there is no connection, and what that says of the node. */
export type Refused = (error: Error, failure: Failure) => void

/** What runs statements on nodes. */
export type Runner = Pick<Attempts, 'read' | 'watch' | 'write' | 'lease' | 'abandon'>

/** Runs one statement on one node: leases a connection, sends, gives the connection back. As with pg.Pool, an error costs the connection. */
export class Attempts {
  readonly #options: AttemptsOptions
  readonly #giveUps = new GiveUps()

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
    { timeoutMs, keeps, shareable }: ReadAttempt,
    attempted: (end: Attempted) => void,
  ): void {
    this.#run(node, send, { timeoutMs, keeps, shareable }, attempted)
  }

  /** Calls `giveUp` when the node is given up, in a moment where it is down already, until the returned function is called. */
  watch(node: NodeView, giveUp: GiveUp): () => void {
    const entry = harmless(node.id, giveUp)
    this.#giveUps.add(entry)
    let isWatched = true
    const cause = downCauseOf(this.#options.snapshot(), node.id)
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

  /** Runs anything else, over a lease. It can be given up only while it waits for a connection. */
  write(node: NodeView, send: Send, attempted: (end: Attempted) => void): void {
    const { nodeOf, sent } = this.#options
    const server = nodeOf(node.id)
    new WriteAttempt({ node, server, send, giveUps: this.#giveUps, sent, attempted }).start()
  }

  /** Leases a connection: one of the two is called, once. When the node is gone, so is the hope for a connection. */
  lease(node: NodeView, leased: (client: PoolClient) => void, refused: Refused): void {
    const downCause = downCauseOf(this.#options.snapshot(), node.id)
    if (downCause !== undefined) return refused(downCause, 'node')
    let isOver = false
    const entry = harmless(node.id, (cause, failure) => {
      isOver = true
      this.#giveUps.remove(entry)
      refused(cause, failure)
    })
    this.#giveUps.add(entry)
    this.#connect(
      node,
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
    )
  }

  /** The node is gone, or left behind: the reads under way there have failed, and nobody gets a connection any more. */
  abandon(id: NodeId, cause: Error, failure: Abandonment = 'node'): void {
    // Before the first is told: what comes anew is another matter.
    for (const entry of this.#giveUps.at(id)) entry.giveUp(cause, failure)
  }

  #connect(node: NodeView, connected: (client: PoolClient) => void, refused: Refused): void {
    const server = this.#options.nodeOf(node.id)
    if (server === undefined) {
      return refused(new Error(`${node.id} is no longer a node of the cluster`), 'busy')
    }
    // pg-pool hands connections over in the async context of whoever released them.
    const handedOver = inThisContext((error: Error | undefined, client?: PoolClient): void => {
      if (client !== undefined) return connected(client)
      const cause = error ?? new Error('Connection terminated unexpectedly')
      // A primary that refuses the login answers every statement so. What a replica refuses, another one may take.
      const failure = failureOf(cause)
      const isOfReplica = failure === 'statement' && node.role === 'replica'
      if (isOfReplica) refused(cause, isLoginRefusal(cause) ? 'node' : 'busy')
      else refused(cause, failure)
    })
    server.lease(handedOver)
  }

  #run(
    node: NodeView,
    send: Send,
    { timeoutMs, keeps, shareable }: ReadAttempt,
    attempted: (end: Attempted) => void,
  ): void {
    const downCause = downCauseOf(this.#options.snapshot(), node.id)
    if (downCause !== undefined) return attempted(unsent(downCause, 'node'))
    const reads = shareable === undefined ? undefined : this.#options.nodeOf(node.id)?.reads
    let client: PoolClient | undefined
    let ride: Ride | undefined
    let isOver = false
    let knownAtSend: Snapshot | undefined
    let timer: Timer | undefined
    const end: End = (failure, error, result) => {
      if (isOver) return
      isOver = true
      timer?.cancel()
      this.#giveUps.remove(entry)
      ride?.leave()
      const wasSent = client !== undefined || ride !== undefined
      client?.removeListener('error', finish)
      const kept = keeps && error === undefined ? client : undefined
      try {
        if (kept === undefined) client?.release(error)
      } finally {
        attempted({ error, failure, result, wasSent, knownAtSend, client: kept })
      }
    }
    const finish = (error: Error | null | undefined, result?: unknown): void => {
      if (!error) return end(undefined, undefined, result)
      const failure = failureOf(error)
      if (failure !== 'standby-refusal' || node.role === 'replica') return end(failure, error)
      if (client === undefined) return onLease()
      // What calls itself a primary may refuse for another reason: transactions are read-only there by default.
      askWhetherStandby(client, (isStandby) => end(isStandby ? 'standby-refusal' : 'statement', error))
    }
    const connected = (connection: PoolClient): void => {
      if (isOver) return giveBack(connection)
      client = connection
      client.on('error', finish)
      if (ride === undefined) this.#options.sent(node)
      knownAtSend = this.#options.snapshot()
      try {
        if (shareable === undefined || reads === undefined || hasOwnQuery(client)) send(client, finish)
        else reads.send(client, shareable, finish)
      } catch (thrown) {
        finish(asError(thrown))
      }
    }
    const entry = harmless(node.id, (cause, failure) => end(failure, cause))
    this.#giveUps.add(entry)
    if (timeoutMs !== undefined) timer = this.#scheduleEnd(node, timeoutMs, entry.giveUp)
    const onLease = (): void => {
      if (!isOver) this.#connect(node, connected, (error, failure) => end(failure, error))
    }
    if (shareable !== undefined && !keeps) ride = reads?.ride(shareable, { answered: finish, moved: onLease })
    if (ride === undefined) onLease()
    else {
      knownAtSend = this.#options.snapshot()
      this.#options.sent(node)
    }
  }

  #scheduleEnd(node: NodeView, timeoutMs: number, giveUp: GiveUp): Timer {
    return deadline(this.#options.platform, timeoutMs, () => {
      const message = `${node.id} did not answer a read within ${timeoutMs} ms`
      giveUp(new SwitchyardError('SWITCHYARD_READ_TIMEOUT', message, { retryable: true }), 'node')
    })
  }
}
