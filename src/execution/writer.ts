import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import type { Platform } from '../platform/platform.ts'
import type { RetryReason, Trace } from '../nodes/trace.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Attempted } from './attempted.ts'
import type { Runner } from './attempts.ts'
import { beforeRound } from './backoff.ts'
import type { Cluster, Done, ExecutionListener, Send } from './execution.ts'
import { callGuarded } from './guarded.ts'
import type { Sending } from './write-attempt.ts'
import { withOutcome } from '../errors/outcome.ts'

/** A connection to the primary, held by one caller. */
export interface PrimaryLease {
  readonly client: PoolClient
  readonly node: NodeView
  /** Calls `giveUp` when the node is given up, until the returned function is called. */
  readonly watch: (giveUp: () => void) => () => void
}

/** Receives the connection or an error. */
export type Leased = (error: Error | undefined, lease?: PrimaryLease) => void

export interface WriterOptions {
  readonly attempts: Runner
  readonly cluster: Cluster
  readonly listener: ExecutionListener
  readonly platform: Platform
  /** How long to wait for a primary, in milliseconds. */
  readonly failoverTimeoutMs: number
}

/** Something that is taken to the primary, and waits for one if need be. */
interface Errand {
  /** Deadline, set when there is no primary for the first time. */
  untilMs: number | undefined
  /** Number of failed connection attempts to a primary. */
  rounds: number
  /** Absent without listeners to single statements. */
  readonly trace: Trace | undefined
  run(primary: NodeView): void
  fail(error: Error): void
}

/** Begins an errand again: nothing has happened yet, so the primary that is, or will be, may have it. */
type Again = (errand: Errand, error: Error, failed: NodeView, reason: RetryReason) => void

/** Number of failed connection attempts in a row, to a primary that answers its probes, that rules out a failover. */
const MOST_ROUNDS = 4

/**
 * Runs statements on the primary. A statement that may have reached a server is never sent again, with one exception.
 * If a demoted server rejected it because it is a standby, it had no effect, and runs once on the current primary.
 */
export class Writer {
  readonly #options: WriterOptions

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /**
   * An error that is not the server's answer carries an `outcome`.
   * @param custom Custom settings that the statement makes. Absent: none.
   */
  write(send: Send, done: Done, custom?: ReadonlySet<string>, trace?: Trace): void {
    this.#run(new WriteErrand(this.#options, this.#again, { send, custom, trace }, done))
  }

  /**
   * Leases a connection to the primary for exclusive use.
   * @param custom Custom settings that its holder makes. Absent: none.
   */
  lease(done: Leased, custom?: ReadonlySet<string>, trace?: Trace): void {
    this.#run(new LeaseErrand(this.#options, this.#again, done, custom, trace))
  }

  readonly #again: Again = (errand, error, failed, reason) => {
    errand.rounds += 1
    if (errand.rounds === MOST_ROUNDS) return errand.fail(withOutcome(error, 'not-sent'))
    this.#options.listener.retried(failed, reason, error, errand.trace)
    beforeRound(errand.rounds, this.#options.platform, () => this.#run(errand))
  }

  #run(errand: Errand): void {
    const primary = this.#options.cluster.primary()
    if (primary === undefined) this.#wait(errand)
    else errand.run(primary)
  }

  #wait(errand: Errand): void {
    const { cluster, failoverTimeoutMs, listener, platform } = this.#options
    const nowMs = platform.now()
    errand.untilMs ??= nowMs + failoverTimeoutMs
    errand.trace?.waits('candidate')
    cluster
      .awaitPrimary(Math.max(0, errand.untilMs - nowMs))
      .then((found) => {
        listener.waited('candidate', nowMs, errand.trace)
        if (found) this.#run(errand)
        else errand.fail(withOutcome(cluster.unavailable(), 'not-sent'))
      })
      .catch((error: unknown) => errand.fail(asError(error)))
  }
}

class WriteErrand implements Errand {
  untilMs: number | undefined
  rounds = 0
  readonly #options: WriterOptions
  readonly #again: Again
  readonly #sending: Pick<Sending, 'custom' | 'send' | 'trace'>
  readonly #done: Done
  #wasRefused = false

  constructor(
    options: WriterOptions,
    again: Again,
    sending: Pick<Sending, 'custom' | 'send' | 'trace'>,
    done: Done,
  ) {
    this.#options = options
    this.#again = again
    this.#sending = sending
    this.#done = done
  }

  get trace(): Trace | undefined {
    return this.#sending.trace
  }

  run(primary: NodeView): void {
    const attempted = (end: Attempted): void => {
      if (end.error === undefined) callGuarded(this.#done, undefined, end.result)
      else this.#failed(primary, end.error, end)
    }
    const { custom, trace } = this.#sending
    this.#options.attempts.write(primary, this.#sending.send, attempted, custom, trace)
  }

  fail(error: Error): void {
    callGuarded(this.#done, error)
  }

  #failed(primary: NodeView, error: Error, { failure, wasSent }: Attempted): void {
    const isRefused = failure === 'standby-refusal'
    if (failure === 'node' || isRefused) this.#options.listener.nodeFailed(primary, error)
    if (wasSent && !isRefused) {
      return this.fail(failure === 'node' || isTimeout(error) ? withOutcome(error, 'unknown') : error)
    }
    if (failure === 'node' || failure === 'fenced' || (isRefused && !this.#wasRefused)) {
      this.#wasRefused ||= isRefused
      return this.#again(this, error, primary, failure)
    }
    this.fail(withOutcome(error, 'not-sent'))
  }
}

class LeaseErrand implements Errand {
  untilMs: number | undefined
  rounds = 0
  readonly trace: Trace | undefined
  readonly #options: WriterOptions
  readonly #again: Again
  readonly #done: Leased
  readonly #custom: ReadonlySet<string> | undefined

  constructor(
    options: WriterOptions,
    again: Again,
    done: Leased,
    custom: ReadonlySet<string> | undefined,
    trace: Trace | undefined,
  ) {
    this.trace = trace
    this.#custom = custom
    this.#options = options
    this.#again = again
    this.#done = done
  }

  run(node: NodeView): void {
    const { attempts, listener } = this.#options
    attempts.lease(
      node,
      (client) =>
        callGuarded(this.#done, undefined, {
          client,
          node,
          watch: (giveUp) => attempts.watch(node, giveUp),
        }),
      (error, failure) => {
        if (failure !== 'node' && failure !== 'fenced') return this.fail(withOutcome(error, 'not-sent'))
        if (failure === 'node') listener.nodeFailed(node, error)
        this.#again(this, error, node, failure)
      },
      this.#custom,
    )
  }

  fail(error: Error): void {
    callGuarded(this.#done, error)
  }
}

/** Whether node-postgres has stopped waiting because of the caller's `query_timeout`; the server continues. */
function isTimeout(error: Error): boolean {
  return error.message === 'Query read timeout'
}
