import { AsyncResource } from 'node:async_hooks'
import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import type { ServerNode } from '../nodes/server-node.ts'
import type { Trace } from '../nodes/trace.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Attempted } from './attempted.ts'
import type { ExecutionListener, Send } from './execution.ts'
import { failureOf, type Failure } from './failure.ts'
import { giveBack } from './give-back.ts'
import type { Abandonment, GiveUps, Harmless } from './give-ups.ts'
import { askWhetherStandby } from './standby-proof.ts'

/** A statement that is sent once. */
export interface Sending {
  readonly send: Send
  /** Custom settings that it makes. Absent: none. */
  readonly custom: ReadonlySet<string> | undefined
  readonly trace: Trace | undefined
  /** Time at which its connection is requested. */
  readonly askedAtMs: number
}

export interface WriteOptions {
  readonly node: NodeView
  /** Absent when the node has been removed. */
  readonly server: ServerNode | undefined
  readonly sending: Sending
  readonly giveUps: GiveUps
  /** Called when the statement is sent. */
  readonly sent: ExecutionListener['sent']
  readonly answered: ExecutionListener['answered']
  readonly attempted: (end: Attempted) => void
}

/** No `destroy` hook depends on it, so the garbage collector need not report it. */
const RESOURCE_OPTIONS = { requireManualDestroy: true }

/**
 * One attempt to run a statement that is not a read on one node, over a lease. It can be given up while it waits for a
 * connection, but not once it is sent. It uses few objects because every write takes this path.
 */
export class WriteAttempt extends AsyncResource implements Harmless {
  before: Harmless | undefined
  after: Harmless | undefined
  readonly nodeId: string
  readonly #options: WriteOptions
  readonly #finish = (error: Error | null | undefined, result?: unknown): void =>
    this.#answered(error, result)
  #client: PoolClient | undefined
  #isOver = false

  constructor(options: WriteOptions) {
    super('SWITCHYARD_QUERY', RESOURCE_OPTIONS)
    this.#options = options
    this.nodeId = options.node.id
  }

  start(): void {
    const { giveUps, node, sending, server } = this.#options
    giveUps.add(this)
    if (server === undefined)
      return this.#end('busy', new Error(`${node.id} is no longer a node of the cluster`))
    sending.trace?.waits('connection')
    // pg-pool hands connections over in the async context of the caller that released them.
    server.lease((error, client) => this.runInAsyncScope(() => this.#leased(error, client)), sending.custom)
  }

  giveUp(cause: Error, failure: Abandonment): void {
    this.#end(failure, cause)
  }

  #leased(error: Error | undefined, client: PoolClient | undefined): void {
    const { giveUps, node, sending, sent } = this.#options
    if (client === undefined) {
      const cause = error ?? new Error('Connection terminated unexpectedly')
      return this.#end(failureOf(cause), cause)
    }
    if (this.#isOver) return giveBack(client)
    this.#client = client
    client.on('error', this.#finish)
    giveUps.remove(this)
    sent(node, sending.trace, sending.askedAtMs)
    try {
      sending.send(client, this.#finish)
    } catch (thrown) {
      this.#answered(asError(thrown))
    }
  }

  #answered(error: Error | null | undefined, result?: unknown): void {
    if (!error) return this.#end(undefined, undefined, result)
    const failure = failureOf(error)
    if (failure !== 'standby-refusal' || this.#client === undefined || this.#options.node.role === 'replica')
      return this.#end(failure, error)
    // A primary may reject it for another reason: read-only transactions by default.
    askWhetherStandby(this.#client, (isStandby) =>
      this.#end(isStandby ? 'standby-refusal' : 'statement', error),
    )
  }

  #end(failure: Failure | undefined, error: Error | undefined, result?: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    const client = this.#client
    const { answered, attempted, giveUps, node, sending } = this.#options
    const isAnswer = failure === undefined || failure === 'statement'
    if (client !== undefined && isAnswer) answered(node, sending.askedAtMs)
    try {
      if (client === undefined) giveUps.remove(this)
      else {
        client.removeListener('error', this.#finish)
        client.release(error)
      }
    } finally {
      attempted({ error, failure, result, wasSent: client !== undefined, client: undefined })
    }
  }
}
