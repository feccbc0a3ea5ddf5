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
  /** Runs a proven read: sends it over a connection to a node of its plan, or has it spilled onto the primary. */
  readonly read: (send: Send, conversation: Conversation, failed: (error: Error | undefined) => void) => void
  /** Runs it on the primary. `leave` is to be called when it is over there, `heard` with how it has ended. */
  readonly onPrimary: (leave: () => void, heard: Heard) => void
  /** It is sent over this connection, for now. */
  readonly sent: (client: PoolClient) => void
  /** It is on this connection until its end, unless that fails before the first row. */
  readonly held: (lease: ReplicaLease) => void
  /** It is not on this connection any more. */
  readonly left: (client: PoolClient) => void
  /** A node has failed while it had the cursor. */
  readonly nodeFailed: (lease: ReplicaLease, error: Error) => void
  /** It has come to its end, and has given back what it had. */
  readonly ended: () => void
}

/** How often one cursor leaves a connection that it held for another. */
const MOST_MOVES = 3

/** Failures before the first row that another node may not have. */
const MOVES: ReadonlySet<Failure> = new Set<Failure>([
  'node',
  'fenced',
  'busy',
  'recovery-conflict',
  'standby-refusal',
])

const nothing = (): void => {}

/**
 * A cursor over a proven read, on replicas. Until its first row a failure moves it to another node; from then on it has one
 * connection until its end, and errors are its own.
 */
export class ReplicaStream {
  readonly #options: ReplicaStreamOptions
  #client: PoolClient | undefined
  /** Ends the attempt to open it on a node. */
  #begun: Done | undefined
  #lease: ReplicaLease | undefined
  #unwatch: (() => void) | undefined
  #moves = 0
  #isOnPrimary = false

  constructor(options: ReplicaStreamOptions) {
    this.#options = options
    options.run.whenEnded((lost) => this.#end(lost))
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
    // Nobody wants it any more: the connection is given back as soon as it is held.
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

  /** The statement's own error, as this replica sees it: the primary is asked too, unless the replica is known to have caught up. */
  #contest(lease: ReplicaLease, error: Error): void {
    // No Sync has been sent behind the error: the connection is of no use to others.
    this.#giveBack(error)
    lease.contest.claim(error, (place, heard) => {
      if (place !== undefined) return this.#spill(place.leave, heard)
      this.#options.run.fail(error)
    })
  }

  get #canMove(): boolean {
    return this.#lease !== undefined && this.#options.run.canMove && this.#moves < MOST_MOVES
  }

  /** The connection that was held has failed, and nothing has come over it: another one is looked for. */
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

  /** The node is gone, whatever the connection says. */
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
    // Says nothing of the node; the connection, where something may be under way, is closed.
    begun?.(new Error('The cursor was closed before its node answered'))
    this.#options.ended()
  }
}
