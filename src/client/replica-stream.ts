import type { PoolClient } from 'pg'
import type { Conversation, Heard, ReplicaLease } from '../execution/conversation.ts'
import { isBroken } from '../nodes/is-broken.ts'
import type { Done, Send } from '../execution/execution.ts'
import { failureOf, type Failure } from '../execution/failure.ts'
import { isServerError } from '../platform/server-error.ts'
import type { CursorRun } from './cursor-run.ts'
import { TERMINATED } from './words.ts'

export interface ReplicaStreamOptions {
  readonly run: CursorRun
  /** Runs a proven read on a node of its plan, or on the primary in place of a replica. */
  readonly read: (send: Send, conversation: Conversation, failed: (error: Error | undefined) => void) => void
  /** Runs it on the primary. Call `leave` when it has ended there, and `heard` with its result. */
  readonly onPrimary: (leave: () => void, heard: Heard) => void
  /** The cursor was sent over this connection. */
  readonly sent: (client: PoolClient) => void
  /** The cursor stays on this connection until its end, unless that fails before the first row. */
  readonly held: (lease: ReplicaLease) => void
  /** The cursor has left this connection. */
  readonly left: (client: PoolClient) => void
  /** A node has failed with the cursor. */
  readonly nodeFailed: (lease: ReplicaLease, error: Error) => void
  /** The cursor has ended and returned its connection. */
  readonly ended: () => void
}

/** Maximum number of moves of a cursor to another connection. */
const MOST_MOVES = 3

/** Failures before the first row after which another node may serve the cursor. */
const MOVES: ReadonlySet<Failure> = new Set<Failure>([
  'node',
  'fenced',
  'busy',
  'recovery-conflict',
  'standby-refusal',
])

const nothing = (): void => {}

/**
 * A cursor of a proven read on replicas. Before its first row a failure moves it to another node. After that it stays
 * on its connection until its end, and errors go to its caller.
 */
export class ReplicaStream {
  readonly #options: ReplicaStreamOptions
  #client: PoolClient | undefined
  /** Gives up the attempt to open it on a node. */
  #begun: Done | undefined
  #lease: ReplicaLease | undefined
  #unwatch: (() => void) | undefined
  #moves = 0
  #isOnPrimary = false

  constructor(options: ReplicaStreamOptions) {
    this.#options = options
    options.run.whenEnded((lost) => this.#end(lost))
  }

  /** The connection that it was sent over. */
  get client(): PoolClient | undefined {
    return this.#client
  }

  start(): void {
    const { read, run } = this.#options
    const conversation: Conversation = {
      held: (lease) => this.#hold(lease),
      spilled: (leave, heard) => this.#spill(leave, heard),
    }
    read(this.#send, conversation, (error) => {
      if (error !== undefined) run.fail(error)
    })
  }

  /** Ends it with an error, and closes its connection. */
  abort(): void {
    this.#options.run.fail(new Error(TERMINATED))
  }

  /** Called once for each candidate. */
  readonly #send: Send = (client, done) => {
    const { run, sent } = this.#options
    // The cursor was closed: its connection is returned as soon as it arrives.
    if (run.isEnded) return done(undefined)
    this.#leave()
    this.#client = client
    this.#begun = done
    sent(client)
    run.send(client, {
      begun: () => this.#begin(),
      ending: () => this.#begin(),
      takes: (error) => this.#takes(error),
    })
  }

  #begin(): void {
    const begun = this.#begun
    this.#begun = undefined
    begun?.(undefined)
  }

  #takes(error: Error): (() => void) | undefined {
    const begun = this.#begun
    if (begun !== undefined) {
      this.#begun = undefined
      return () => begun(error)
    }
    if (!this.#canMove) return undefined
    if (MOVES.has(failureOf(error))) return () => this.#move(error)
    const lease = this.#lease
    return lease !== undefined && isServerError(error) ? () => this.#contest(lease, error) : undefined
  }

  /**
   * Handles an error of the statement on this replica: the primary decides, unless the replica is known to have caught
   * up.
   */
  #contest(lease: ReplicaLease, error: Error): void {
    // No Sync was sent after the error, so the connection cannot be reused.
    this.#giveBack(error)
    lease.contest.claim(error, (place, heard) => {
      if (place !== undefined) return this.#spill(place.leave, heard)
      this.#options.run.fail(error)
    })
  }

  get #canMove(): boolean {
    return this.#lease !== undefined && this.#options.run.canMove && this.#moves < MOST_MOVES
  }

  /** Moves the cursor to another node after its connection has failed before the first row. */
  #move(error: Error): void {
    const failure = failureOf(error)
    const lease = this.#lease
    this.#moves += 1
    this.#giveBack(error)
    if (lease !== undefined && failure === 'node') this.#options.nodeFailed(lease, error)
    if (failure === 'standby-refusal') this.#spill(nothing, nothing)
    else this.start()
  }

  #hold(lease: ReplicaLease): void {
    const { held, run } = this.#options
    this.#lease = lease
    if (run.isEnded) return this.#giveBack(isBroken(lease.client))
    this.#unwatch = lease.watch((cause) => this.#giveUp(cause))
    held(lease)
  }

  /** Gives up the node, in any state of the connection. */
  #giveUp(cause: Error): void {
    const { run } = this.#options
    if (!this.#canMove) return run.fail(cause)
    run.leave()
    this.#move(cause)
  }

  #spill(leave: () => void, heard: Heard): void {
    this.#leave()
    if (this.#options.run.isEnded) {
      heard(undefined)
      return leave()
    }
    this.#isOnPrimary = true
    this.#options.onPrimary(leave, heard)
  }

  #leave(): void {
    const client = this.#client
    this.#client = undefined
    if (client !== undefined) this.#options.left(client)
  }

  #giveBack(error: Error | boolean): void {
    const lease = this.#lease
    this.#lease = undefined
    this.#unwatch?.()
    this.#leave()
    lease?.client.release(error || undefined)
  }

  #end(lost: Error | undefined): void {
    if (this.#isOnPrimary) return
    const begun = this.#begun
    this.#begun = undefined
    if (this.#lease !== undefined) this.#giveBack(lost ?? isBroken(this.#lease.client))
    else this.#leave()
    // Not a failure of the node. The connection is closed, since a statement may still run on it.
    begun?.(new Error('The cursor was closed before its node answered'))
    this.#options.ended()
  }
}
