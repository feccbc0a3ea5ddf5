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
}

export interface AttemptsOptions {
  /** Absent when the node is no longer one of the cluster's. */
  readonly nodeOf: (id: NodeId) => ServerNode | undefined
  readonly platform: Platform
  /** A statement is being sent to this node. */
  readonly sent: (node: NodeView) => void
}

type End = (failure: Failure | undefined, error: Error | undefined, result: unknown) => void

/** Runs one statement on one node: leases a connection, sends, gives the connection back. As with pg.Pool, an error costs the connection. */
export class Attempts {
  readonly #options: AttemptsOptions
  /** What ends each read that is under way, by node. */
  readonly #reads = new Map<NodeId, Set<End>>()

  constructor(options: AttemptsOptions) {
    this.#options = options
  }

  /**
   * Runs a proven read. It is given up when the node is, and after `timeoutMs`, if there is such: nobody minds whether it
   * ran.
   */
  read(node: NodeView, send: Send, timeoutMs: number | undefined, attempted: (end: Attempted) => void): void {
    const reads = this.#readsOn(node.id)
    let timer: Timer | undefined
    const end = this.#run(node, send, false, (ended) => {
      timer?.cancel()
      reads.delete(end)
      attempted(ended)
    })
    reads.add(end)
    if (timeoutMs === undefined) return
    timer = this.#options.platform.schedule(timeoutMs, () => {
      const message = `${node.id} did not answer a read within ${timeoutMs} ms`
      end('node', new SwitchyardError('SWITCHYARD_READ_TIMEOUT', message, { retryable: true }), undefined)
    })
  }

  /**
   * Runs anything else. The failure is `standby-refusal` only when the server has proven to be a standby: then the
   * statement has done nothing.
   */
  write(node: NodeView, send: Send, attempted: (end: Attempted) => void): void {
    this.#run(node, send, true, attempted)
  }

  /** The node is gone: the reads under way there have failed. */
  abandon(id: NodeId, cause: Error): void {
    for (const end of [...(this.#reads.get(id) ?? [])]) end('node', cause, undefined)
  }

  #readsOn(id: NodeId): Set<End> {
    let reads = this.#reads.get(id)
    if (reads === undefined) {
      reads = new Set()
      this.#reads.set(id, reads)
    }
    return reads
  }

  /** Returns what ends it from outside; harmless when it has ended. */
  #run(node: NodeView, send: Send, provesRefusal: boolean, attempted: (end: Attempted) => void): End {
    let client: PoolClient | undefined
    let isOver = false
    const end: End = (failure, error, result) => {
      if (isOver) return
      isOver = true
      const wasSent = client !== undefined
      client?.removeListener('error', finish)
      client?.release(error)
      attempted({ error, failure, result, wasSent })
    }
    const finish: Done = (error, result) => {
      if (!error) return end(undefined, undefined, result)
      const failure = failureOf(error)
      if (!provesRefusal || failure !== 'standby-refusal' || client === undefined) {
        return end(failure, error, undefined)
      }
      askWhetherStandby(client, (isStandby) =>
        end(isStandby ? 'standby-refusal' : 'statement', error, undefined),
      )
    }
    // pg-pool hands connections over in the async context of whoever released them.
    const leased = inThisContext((error: Error | undefined, connection?: PoolClient): void => {
      // Whatever made the caller give up may have hit this connection as well.
      if (isOver) return connection?.release(true)
      if (connection === undefined) {
        const cause = error ?? new Error('Connection terminated unexpectedly')
        // A server that answers with an error of its own, such as a refused login, answers every statement so.
        return end(failureOf(cause), cause, undefined)
      }
      client = connection
      client.once('error', finish)
      this.#options.sent(node)
      try {
        send(client, finish)
      } catch (thrown) {
        finish(asError(thrown))
      }
    })
    const server = this.#options.nodeOf(node.id)
    if (server === undefined)
      end('busy', new Error(`${node.id} is no longer a node of the cluster`), undefined)
    else server.lease(leased)
    return end
  }
}
