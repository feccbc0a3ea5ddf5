import type { PoolClient, TransactionStatus } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { asError } from '../errors/as-error.ts'
import type { Heard, ReplicaLease } from '../execution/conversation.ts'
import type { Decision, Hold, Holder } from '../execution/decision.ts'
import type { Done } from '../execution/execution.ts'
import { guarded } from '../execution/guarded.ts'
import type { Query } from '../nodes/query.ts'
import type { Explanation } from '../observability/explain.ts'
import type { Statement } from '../statement/statement.ts'
import type { Acquire } from '../settings/acquire.ts'
import type { ClientEvents } from './client-events.ts'
import type { RouterPort, Opening } from './router-port.ts'
import { goOnAtPrimary, primaryRun } from './on-primary.ts'
import { PrimaryHold } from './primary-hold.ts'
import { QueryObjects } from './query-objects.ts'
import { ReplicaTransaction, type Move, type Run } from './replica-transaction.ts'
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
}

/**
 * The virtual connection of a routed client. Statements run one after the other, in the order of the calls, and each is
 * decided when the previous one has finished. A proven read goes to a replica; anything else borrows a connection to
 * the primary, which is kept until the release. In a transaction, and once that connection has state, everything runs
 * there. A transaction that begins as READ ONLY runs on a replica as a whole.
 */
export class VirtualConnection implements Holder {
  readonly #router: RouterPort
  readonly #options: VirtualConnectionOptions
  readonly #events: ClientEvents
  readonly #tasks: TaskQueue = new TaskQueue(() => this.#drained())
  readonly #primary: PrimaryHold
  readonly #objects: QueryObjects
  #replica: ReplicaTransaction | undefined
  /** Runs `acquire` listeners on each connection of this checkout. */
  #acquire: Acquire | undefined
  #isReleased = false
  /** The error of the release: everything is cut. */
  #releaseError: Error | boolean | undefined

  constructor(options: VirtualConnectionOptions) {
    const { router, events } = options
    this.#options = options
    this.#router = router
    this.#events = events
    this.#primary = new PrimaryHold(router, {
      tier: options.kind.tier,
      isGivenUp: () => Boolean(this.#releaseError),
      acquire: () => this.#acquire,
      borrowed: (client) => events.from(client),
      returned: (client) => events.stop(client),
      failFollowers: (error) => this.#tasks.failAll(() => error),
    })
    this.#objects = new QueryObjects({
      router,
      events,
      primary: this.#primary,
      tier: options.kind.tier,
      holder: this,
      transaction: () => this.#replica,
      acquire: () => this.#acquire,
    })
  }

  /** Transaction status of the connection in use; `I` while none is borrowed. */
  get status(): TransactionStatus {
    return this.#replica?.client.getTransactionStatus() ?? this.#primary.status
  }

  /**
   * The connection to the primary, if every statement runs there, so that its process ID may be shown. A replica's must
   * not be shown: a program would cancel that process on the primary, where it belongs to another client.
   */
  get shown(): PoolClient | undefined {
    const isSure = this.#options.kind.isEager || (this.#primary.isBound && this.#replica === undefined)
    return isSure ? this.#primary.held?.client : undefined
  }

  get isReleased(): boolean {
    return this.#isReleased
  }

  /** Resets the state for the next checkout. */
  renew(acquire?: Acquire): void {
    this.#acquire = acquire
    this.#isReleased = false
    this.#releaseError = undefined
    this.#events.renew()
    this.#primary.settings.checkedOut()
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
    this.#tasks.add({ start: (next) => this.#run(run, next), fail: run.done })
  }

  submit(submission: Submission, session: MutableSession): void {
    const over = (): void => submission.over?.()
    this.#tasks.add({
      start: (next) =>
        this.#objects.submit(submission, session, () => {
          next()
          over()
        }),
      fail: (error) => {
        failSubmission(submission, error)
        over()
      },
    })
  }

  /** Explains how this statement would run. Like a statement, it waits for the earlier ones. */
  explain(query: Query, session: MutableSession): Promise<Explanation> {
    return new Promise((resolve, reject) => {
      const start = (next: () => void): void => {
        this.#explain(query, session).then(resolve, reject).finally(next)
      }
      this.#tasks.add({ start, fail: reject })
    })
  }

  /**
   * Returns everything when the queued statements have finished. With an error or `true` it does so at once and closes
   * the borrowed connection, even if a statement is running.
   */
  release(error?: Error | boolean, reason: string = CLOSED): void {
    this.#isReleased = true
    if (error) {
      this.#releaseError = error
      this.#tasks.failAll(() => new Error(reason))
      this.#dropAll(error)
    }
    if (this.#tasks.isEmpty) this.#giveBack()
  }

  /** Closes the borrowed connection and fails the queued statements. */
  cut(): void {
    this.#releaseError = true
    this.#tasks.failAll(() => new Error(TERMINATED))
    this.#dropAll(true)
  }

  holds(statement: Statement, query: Query): Hold | undefined {
    const replica = this.#replica
    if (replica !== undefined) return { role: 'replica', reason: 'in-transaction', node: replica.node }
    const { held, isInTransaction } = this.#primary
    const isBound = this.#isBound(statement, query)
    if (!isBound && !this.#options.kind.primaryOnly) return undefined
    const reason = isInTransaction ? 'in-transaction' : isBound ? 'pinned' : 'asked-primary'
    return { role: 'primary', reason, node: isBound ? held?.node : undefined }
  }

  #drained(): void {
    if (this.#isReleased) this.#giveBack()
    else this.#options.idle(false)
  }

  #giveBack(): void {
    this.#primary.settleAll()
    this.#dropAll(undefined)
    this.#options.idle(true)
  }

  #dropAll(error: Error | boolean | undefined): void {
    this.#primary.giveBack(error)
    if (error) this.#objects.abort()
    if (this.#replica === undefined) return
    this.#events.stop(this.#replica.client)
    this.#replica.close(error)
    this.#replica = undefined
  }

  /** Decides where the statement runs, once all earlier ones have finished, and runs it. */
  #run(run: Run, next: () => void): void {
    try {
      const { journal } = this.#primary.settings
      const decided = this.#router.decider.decide(run.query, run.session, journal, this)
      if (decided instanceof Promise) this.#await(decided, run, next)
      else this.#follow(decided, run, next)
    } catch (error) {
      finishing(run.done, next)(asError(error))
    }
  }

  #await(decided: Promise<Decision>, run: Run, next: () => void): void {
    const failed = (error: unknown): void => finishing(run.done, next)(asError(error))
    decided.then((decision) => this.#follow(decision, run, next)).catch(failed)
  }

  #follow(decision: Decision, run: Run, next: () => void): void {
    const { runs, statement } = decision
    if (runs === 'held' && this.#replica !== undefined) this.#replica.run(statement, run, next)
    else if (runs === 'opening') this.#openReadOnly(decision, run, next)
    else if (runs === 'read') this.#read(decision, run, next)
    else this.#primary.run(primaryRun(run, statement), next)
  }

  #read(decision: Decision, run: Run, next: () => void): void {
    const { query, statement } = decision
    const finish = finishing(run.done, next)
    const options = { acquire: this.#acquire, send: this.#events.around(query.send) }
    if (this.#primary.held === undefined) {
      return this.#router.dispatcher.run(decision, options, finish)
    }
    // There may be no second connection to the primary while this client holds one.
    const spilled = (leave: () => void, heard: Heard): void => {
      this.#primary.takePlace(leave)
      this.#primary.run(primaryRun(run, statement, heard), next)
    }
    this.#router.dispatcher.run(decision, { ...options, conversation: { spilled } }, finish)
  }

  async #explain(query: Query, session: MutableSession): Promise<Explanation> {
    const { settings } = this.#primary
    const found = await this.#router.decider.explain(query, session, settings.journal, this)
    return settings.isPinned && this.#replica === undefined ? { ...found, pins: [...settings.pins] } : found
  }

  #isBound({ kind, reason }: Statement, { text, values }: Query): boolean {
    // It may prove to be a read once the catalog has been updated.
    const mayBeRead = kind === 'read' || reason === 'catalog-pending'
    return mayBeRead && text !== undefined ? this.#primary.binds(text, values) : this.#primary.isBound
  }

  /** Opens the transaction where a read of its session may go. */
  #openReadOnly(decision: Decision, run: Run, next: () => void): void {
    const { query, statement } = decision
    const { journal } = this.#primary.settings
    const send = this.#router.settings.under(journal, query.send, false, this.#acquire)
    const finish: Done = (error, result) => {
      guarded(run.done)(error, result)
      next()
    }
    const opened = (lease: ReplicaLease, result: unknown): void => {
      if (this.#releaseError) {
        lease.client.release(true)
        return finish(new Error(CLOSED))
      }
      const over = (): void => {
        this.#replica = undefined
        this.#events.stop(lease.client)
      }
      const moves = (move: Move, goOn: () => void): void => {
        over()
        goOnAtPrimary(this.#primary, move, goOn)
      }
      this.#events.from(lease.client)
      this.#replica = new ReplicaTransaction({
        router: this.#router,
        lease,
        begin: { statement, run },
        over,
        moves,
      })
      finish(undefined, result)
    }
    const onPrimary: Opening['onPrimary'] = (leave, heard) => {
      this.#primary.takePlace(leave)
      this.#primary.run(primaryRun(run, statement, heard), next)
    }
    this.#router.openings.open(decision, { send, opened, onPrimary, failed: finish })
  }
}

/** Calls `next` after a callback, even if that throws, so that it does not block others. */
function finishing(done: Done, next: () => void): Done {
  return (error, result) => {
    try {
      done(error, result)
    } finally {
      next()
    }
  }
}
