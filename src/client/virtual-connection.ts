import type { PoolClient, TransactionStatus } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import type { Query } from '../nodes/query.ts'
import type { Explanation } from '../observability/explain.ts'
import { LEAST_TIMEOUT_MS } from '../platform/query-timeout.ts'
import type { Acquire } from '../settings/acquire.ts'
import type { ClientEvents } from './client-events.ts'
import { ClientStatements } from './client-statements.ts'
import { ReleasedWatch } from './released-watch.ts'
import type { RouterPort } from './router-port.ts'
import { PrimaryHold } from './primary-hold.ts'
import { QueryObjects } from './query-objects.ts'
import type { Run } from './replica-transaction.ts'
import { failSubmission, type Submission } from './submission.ts'
import { TaskQueue } from './task-queue.ts'
import type { ClientKind } from './client-kind.ts'
import { CLOSED, TERMINATED } from './words.ts'

export interface VirtualConnectionOptions {
  readonly router: RouterPort
  readonly events: ClientEvents
  readonly kind: ClientKind
  /** Called each time the queue is empty and, after a release, when everything has been returned. */
  readonly idle: (isReleased: boolean) => void
  /** Makes the client unusable, as when its connection has broken. */
  readonly cut: () => void
  /** How long a query object of a released client may wait for the program. Absent: without limit. */
  readonly patienceMs?: () => number
}

/**
 * The virtual connection of a routed client. Statements run one after the other, in the order of the calls, and each is
 * decided when the previous one has finished. A proven read goes to a replica; anything else borrows a connection to
 * the primary, which is kept until the release. In a transaction, and once that connection has state, everything runs
 * there. A transaction that begins as READ ONLY runs on a replica as a whole.
 */
export class VirtualConnection {
  readonly #options: VirtualConnectionOptions
  readonly #events: ClientEvents
  readonly #tasks: TaskQueue
  readonly #primary: PrimaryHold
  readonly #objects: QueryObjects
  readonly #statements: ClientStatements
  readonly #released: ReleasedWatch | undefined
  /** Runs `acquire` listeners on each connection of this checkout. */
  #acquire: Acquire | undefined
  /** `returned`: it has nothing of this checkout any more, and may be handed out again. */
  #state: 'held' | 'released' | 'returned' = 'held'
  /** The error of the release: everything is cut. */
  #releaseError: Error | boolean | undefined

  constructor(options: VirtualConnectionOptions) {
    const { router, events } = options
    this.#options = options
    this.#events = events
    this.#tasks = new TaskQueue(router.platform, {
      drained: () => (this.isReleased ? this.#giveBack() : options.idle(false)),
      timedOut: () => {
        if (this.isReleased) this.release()
      },
    })
    this.#primary = new PrimaryHold(router, {
      tier: options.kind.tier,
      isGivenUp: () => Boolean(this.#releaseError),
      acquire: () => this.#acquire,
      borrowed: (client) => events.from(client),
      returned: (client) => events.stop(client),
      failFollowers: (error) => this.#tasks.failAll(() => error),
    })
    this.#statements = new ClientStatements(router, events, this.#primary, options.kind, {
      acquire: () => this.#acquire,
      isGivenUp: () => Boolean(this.#releaseError),
      cut: options.cut,
    })
    this.#objects = new QueryObjects({
      router,
      events,
      primary: this.#primary,
      tier: options.kind.tier,
      holder: this.#statements,
      transaction: () => this.#statements.replica,
      acquire: () => this.#acquire,
    })
    const { patienceMs } = options
    if (patienceMs === undefined) return
    this.#released = new ReleasedWatch({
      platform: router.platform,
      patienceMs,
      waitsAt: () => this.#objects.waitsAt,
      abandon: () => this.release(true),
    })
  }

  /** Transaction status of the connection in use; `I` while none is borrowed. */
  get status(): TransactionStatus {
    return this.#statements.status ?? this.#primary.status
  }

  /**
   * The connection to the primary, if every statement runs there, so that its process ID may be shown. A replica's must
   * not be shown: a program would cancel that process on the primary, where it belongs to another client.
   */
  get shown(): PoolClient | undefined {
    const isSure =
      this.#options.kind.isEager || (this.#primary.isBound && this.#statements.replica === undefined)
    return isSure ? this.#primary.held?.client : undefined
  }

  get isReleased(): boolean {
    return this.#state !== 'held'
  }

  /** Resets the state for the next checkout. */
  renew(acquire?: Acquire): void {
    this.#acquire = acquire
    this.#state = 'held'
    this.#releaseError = undefined
    this.#events.renew()
    this.#primary.settings.checkedOut(this.#options.router.sessions.context.overlayOf())
  }

  /** Starts no statement until `open`. */
  close(): void {
    this.#tasks.hold()
  }

  open(): void {
    this.#tasks.resume()
  }

  /** Borrows the connection to the primary at once. */
  holdPrimary(done: (error: Error | undefined) => void): void {
    this.#primary.borrow((error) => done(error))
  }

  /** Calls `done` with the unchanged result of node-postgres. */
  query(run: Run): void {
    const { tracer } = this.#options.router
    if (tracer.isOn) tracer.run(run.query, run.done, (done) => this.#add({ ...run, done }))
    else this.#add(run)
  }

  submit(submission: Submission, session: MutableSession): void {
    const over = (): void => submission.over?.()
    const start = (next: () => void): void =>
      this.#objects.submit(submission, session, () => {
        next()
        over()
      })
    this.#tasks.add({
      start,
      fail: (error) => {
        failSubmission(submission, error)
        over()
      },
      timeoutMs: () => waitOf(this.#options.router.queryTimeoutMs),
    })
  }

  /** Explains how this statement would run. Like a statement, it waits for the earlier ones. */
  explain(query: Query, session: MutableSession): Promise<Explanation> {
    return new Promise((resolve, reject) => {
      const start = (next: () => void): void => {
        this.#statements.explain(query, session).then(resolve, reject).finally(next)
      }
      this.#tasks.add({ start, fail: reject })
    })
  }

  /**
   * Returns everything when the queued statements have finished. With an error or `true` it does so at once and closes
   * the borrowed connection, even if a statement is running. So it does when the caller of the last statement has its
   * error, and the server has not answered: it may never do so. A query object that the program has left open gets its
   * connection closed after some time.
   */
  release(asked?: Error | boolean, reason: string = CLOSED): void {
    const error = asked || (this.#tasks.isAtLast && this.#statements.isGivenUp)
    if (this.#state === 'held') this.#state = 'released'
    if (error) {
      this.#releaseError = error
      this.#tasks.failAll(() => new Error(reason))
      this.#dropAll(error)
    }
    if (this.#tasks.isEmpty) this.#giveBack()
    else this.#released?.start()
  }

  /** Closes the borrowed connection and fails the queued statements. */
  cut(): void {
    this.#releaseError = true
    this.#tasks.failAll(() => new Error(TERMINATED))
    this.#dropAll(true)
  }

  #add(run: Run): void {
    this.#tasks.add({
      start: (next) => this.#statements.run(run, next),
      fail: run.done,
      timeoutMs: () => waitOf(run.query.timeoutMs(this.#options.router.queryTimeoutMs)),
    })
  }

  #giveBack(): void {
    // A cursor that is dropped may end at once, and with it the last task.
    if (this.#state === 'returned') return
    this.#state = 'returned'
    this.#released?.stop()
    this.#primary.settleAll()
    this.#dropAll(undefined)
    this.#options.idle(true)
  }

  #dropAll(error: Error | boolean | undefined): void {
    this.#primary.giveBack(error)
    if (error) this.#objects.abort()
    this.#statements.drop(error)
  }
}

/**
 * How long a statement with this `query_timeout` waits behind others, in milliseconds. 0: without limit. If the one in
 * front has timed out, its server usually answers late, and then the ROLLBACK behind it should run.
 */
function waitOf(timeoutMs: number): number {
  return timeoutMs > 0 ? Math.max(timeoutMs, LEAST_TIMEOUT_MS) : 0
}
