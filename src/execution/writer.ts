import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import type { Platform } from '../platform/platform.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Runner } from './attempts.ts'
import { beforeRound } from './backoff.ts'
import type { Cluster, Done, ExecutionListener, Send } from './execution.ts'
import { guarded } from './guarded.ts'
import { withOutcome } from '../errors/outcome.ts'

/** A connection to the primary, held by one caller. */
export interface PrimaryLease {
  readonly client: PoolClient
  readonly node: NodeView
  /** Calls `giveUp` when the node is given up, until the returned function is called. */
  readonly watch: (giveUp: () => void) => () => void
}

/** Receives the connection, or why there is none. */
export type Leased = (error: Error | undefined, lease?: PrimaryLease) => void

export interface WriterOptions {
  readonly attempts: Runner
  readonly cluster: Cluster
  readonly listener: ExecutionListener
  readonly platform: Platform
  /** How long to wait for a primary, in milliseconds. */
  readonly failoverTimeoutMs: number
}

/** Something that waits for the primary, if need be. */
interface Errand {
  readonly run: (primary: NodeView) => void
  readonly fail: (error: Error) => void
  /** When to give up; set by the first time that there is no primary. */
  untilMs: number | undefined
  /** How often a primary was found that then could not be reached. */
  rounds: number
}

/** A primary that answers its probes and cannot be connected to so often in a row is no failover. */
const MOST_ROUNDS = 4

/**
 * Takes to the primary what belongs there. What may have reached a server is never sent again. With one exception: what
 * a demoted server refused because it is a standby has not happened, and goes to the true primary, once.
 */
export class Writer {
  readonly #options: WriterOptions

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** An error that is not the server's answer carries an `outcome`. */
  write(send: Send, callback: Done): void {
    const { attempts, listener } = this.#options
    const done = guarded(callback)
    let wasRefused = false
    const errand: Errand = {
      untilMs: undefined,
      rounds: 0,
      fail: done,
      run: (primary) =>
        attempts.write(primary, send, ({ error, failure, result, wasSent }) => {
          if (error === undefined) return done(undefined, result)
          const isRefused = failure === 'standby-refusal'
          if (failure === 'node' || isRefused) listener.nodeFailed(primary, error)
          if (wasSent && !isRefused) {
            return done(failure === 'node' || isTimeout(error) ? withOutcome(error, 'unknown') : error)
          }
          if (failure === 'node' || failure === 'fenced' || (isRefused && !wasRefused)) {
            wasRefused ||= isRefused
            return this.#again(errand, error)
          }
          done(withOutcome(error, 'not-sent'))
        }),
    }
    this.#run(errand)
  }

  /** Hands out a connection to the primary for exclusive use. */
  lease(callback: Leased): void {
    const { attempts, listener } = this.#options
    const done = guarded(callback)
    const errand: Errand = {
      untilMs: undefined,
      rounds: 0,
      fail: done,
      run: (node) =>
        attempts.lease(
          node,
          (client) => done(undefined, { client, node, watch: (giveUp) => attempts.watch(node, giveUp) }),
          (error, failure) => {
            if (failure !== 'node' && failure !== 'fenced') return done(withOutcome(error, 'not-sent'))
            if (failure === 'node') listener.nodeFailed(node, error)
            this.#again(errand, error)
          },
        ),
    }
    this.#run(errand)
  }

  /** Nothing has happened yet: the primary that is, or will be, may have it. */
  #again(errand: Errand, error: Error): void {
    errand.rounds += 1
    if (errand.rounds === MOST_ROUNDS) return errand.fail(withOutcome(error, 'not-sent'))
    beforeRound(errand.rounds, this.#options.platform, () => this.#run(errand))
  }

  #run(errand: Errand): void {
    const { cluster, failoverTimeoutMs, platform } = this.#options
    const primary = cluster.primary()
    if (primary !== undefined) return errand.run(primary)
    const nowMs = platform.now()
    errand.untilMs ??= nowMs + failoverTimeoutMs
    cluster
      .awaitPrimary(Math.max(0, errand.untilMs - nowMs))
      .then((found) => {
        if (found) this.#run(errand)
        else errand.fail(withOutcome(cluster.unavailable(), 'not-sent'))
      })
      .catch((error: unknown) => errand.fail(asError(error)))
  }
}

/** node-postgres has given up waiting, by the caller's `query_timeout`; the server goes on. */
function isTimeout(error: Error): boolean {
  return error.message === 'Query read timeout'
}
