import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import { hasOwnQuery } from '../nodes/own-query.ts'
import type { Ride, Rider } from '../nodes/shareable-read.ts'
import type { ServerNode } from '../nodes/server-node.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import type { NodeId } from '../topology/node.ts'
import { isAnotherServer, type NodeView, type Snapshot } from '../topology/snapshot.ts'
import type { Attempted } from './attempted.ts'
import { connect } from './connect.ts'
import type { ExecutionListener } from './execution.ts'
import { failureOf, type Failure } from './failure.ts'
import { restartedError } from './fenced-error.ts'
import { giveBack } from './give-back.ts'
import type { Abandonment, GiveUps, Harmless } from './give-ups.ts'
import type { Sendable } from './read.ts'
import type { SpillGate } from './spill-gate.ts'
import { askWhetherStandby } from './standby-proof.ts'

/** Options of one attempt to read from a node. */
export interface ReadTerms {
  /** Timeout, in milliseconds. Absent: no limit while the node is up. */
  readonly timeoutMs: number | undefined
  /** Whether its connection is kept after success. */
  readonly keeps: boolean
  /**
   * For a read in place of a replica that has no slot on the primary yet. It needs one for a lease, and ends with
   * `NO_ROOM` if there is none now. `Attempted.hasSlot` tells whether it has taken one.
   */
  readonly gate?: SpillGate | undefined
  /** Whether a lane may be opened for it. @defaultValue true */
  readonly opensLanes?: boolean
}

/** Options of a read on the primary that has a slot: its connection is that of the slot, or an open lane. */
export const TERMS_WITH_SLOT: ReadTerms = { timeoutMs: undefined, keeps: false, opensLanes: false }

/** Result of a read for which there was no slot. It may run elsewhere, or later. */
export const NO_ROOM: unique symbol = Symbol('no room')

/** The parts of the router that attempts need. */
export interface AttemptPort {
  /** Returns undefined when the node has been removed. */
  readonly nodeOf: (id: NodeId) => ServerNode | undefined
  readonly platform: Platform
  readonly snapshot: () => Snapshot
  /** Called when a read travels on a lane. */
  readonly rode: (node: NodeView) => void
  readonly sent: ExecutionListener['sent']
  readonly answered: ExecutionListener['answered']
}

/**
 * One attempt to read from one node, over a lane or a lease. It is given up when the node is, and after its timeout: a
 * read has no side effects. It is a single object because every read takes this path.
 */
export class ReadAttempt implements Harmless, Rider {
  before: Harmless | undefined
  after: Harmless | undefined
  readonly nodeId: NodeId
  readonly #port: AttemptPort
  readonly #giveUps: GiveUps
  readonly #node: NodeView
  readonly #sendable: Sendable
  readonly #terms: ReadTerms
  readonly #attempted: (end: Attempted) => void
  #lease: PoolClient | undefined
  #listener: ((error: Error | null | undefined, result?: unknown) => void) | undefined
  #ride: Ride | undefined
  #timer: Timer | undefined
  #knownAtSend: Snapshot | undefined
  #hasSlot = false
  #startedAtMs = 0
  #isOver = false

  constructor(
    port: AttemptPort,
    giveUps: GiveUps,
    node: NodeView,
    sendable: Sendable,
    terms: ReadTerms,
    attempted: (end: Attempted) => void,
  ) {
    this.nodeId = node.id
    this.#port = port
    this.#giveUps = giveUps
    this.#node = node
    this.#sendable = sendable
    this.#terms = terms
    this.#attempted = attempted
  }

  /** The read on a lane. */
  rides(ride: Ride, known: Snapshot): void {
    this.#ride = ride
    this.#knownAtSend = known
    this.#startedAtMs = ride.sentAtMs
    this.#port.sent(this.#node, this.#sendable.trace)
  }

  /** Sets the timeout, in milliseconds. */
  endsAfter(timeoutMs: number): void {
    this.#timer = deadline(this.#port.platform, timeoutMs, () => {
      const message = `${this.nodeId} did not answer a read within ${timeoutMs} ms`
      this.#end('node', new SwitchyardError('SWITCHYARD_READ_TIMEOUT', message, { retryable: true }))
    })
  }

  giveUp(cause: Error, failure: Abandonment): void {
    this.#end(failure, cause)
  }

  /** Continues over a lease, for which it may need a slot. */
  moved(): void {
    if (this.#isOver) return
    const { gate } = this.#terms
    if (gate !== undefined && !this.#hasSlot) {
      if (!gate.tryEnter()) return this.#end(undefined, undefined, NO_ROOM)
      this.#hasSlot = true
    }
    this.#startedAtMs = this.#port.platform.now()
    this.#sendable.trace?.waits('connection')
    connect(
      this.#node,
      this.#port.nodeOf(this.nodeId),
      (client) => this.#connected(client),
      (error, failure) => this.#end(failure, error),
      this.#sendable.custom,
    )
  }

  answered(error: Error | null | undefined, result?: unknown): void {
    if (!error) return this.#end(undefined, undefined, result)
    const failure = failureOf(error)
    if (failure !== 'standby-refusal' || this.#node.role === 'replica') return this.#end(failure, error)
    if (this.#lease === undefined) return this.moved()
    // A primary may reject it for another reason: read-only transactions by default.
    askWhetherStandby(this.#lease, (isStandby) =>
      this.#end(isStandby ? 'standby-refusal' : 'statement', error),
    )
  }

  #connected(client: PoolClient): void {
    if (this.#isOver) return giveBack(client)
    const { nodeOf, sent, snapshot } = this.#port
    const { shareable } = this.#sendable
    const known = snapshot()
    if (isAnotherServer(known, this.#node)) {
      giveBack(client)
      return this.#end('fenced', restartedError(this.nodeId))
    }
    this.#lease = client
    const listener = (error: Error | null | undefined, result?: unknown): void => this.answered(error, result)
    this.#listener = listener
    client.on('error', listener)
    if (this.#ride === undefined) sent(this.#node, this.#sendable.trace, this.#startedAtMs)
    this.#knownAtSend = known
    const sharing = shareable === undefined ? undefined : nodeOf(this.nodeId)?.reads
    try {
      if (shareable === undefined || sharing === undefined || hasOwnQuery(client)) {
        this.#sendable.send(client, listener)
      } else sharing.send(client, shareable, listener)
    } catch (thrown) {
      listener(asError(thrown))
    }
  }

  #end(failure: Failure | undefined, error: Error | undefined, result?: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    this.#giveUps.remove(this)
    this.#ride?.leave()
    const lease = this.#lease
    const client = this.#terms.keeps && error === undefined ? lease : undefined
    const wasSent = lease !== undefined || this.#ride !== undefined
    const isAnswer = failure === undefined || failure === 'statement'
    if (wasSent && isAnswer) this.#port.answered(this.#node, this.#startedAtMs)
    try {
      if (lease !== undefined && this.#listener !== undefined) {
        lease.removeListener('error', this.#listener)
        if (client === undefined) lease.release(error)
      }
    } finally {
      const knownAtSend = this.#knownAtSend
      const hasSlot = this.#hasSlot
      this.#attempted({ error, failure, result, wasSent, knownAtSend, client, hasSlot })
    }
  }
}
