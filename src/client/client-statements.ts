import type { TransactionStatus } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { asError } from '../errors/as-error.ts'
import type { Heard } from '../execution/conversation.ts'
import type { Decision, Hold, Holder } from '../execution/decision.ts'
import type { Done } from '../execution/execution.ts'
import { guarded } from '../execution/guarded.ts'
import type { Query } from '../nodes/query.ts'
import type { Explanation } from '../observability/explain.ts'
import type { Acquire } from '../settings/acquire.ts'
import type { Pin } from '../settings/session-settings.ts'
import { inThisContext } from '../platform/async-context.ts'
import type { Statement } from '../statement/statement.ts'
import type { ClientEvents } from './client-events.ts'
import type { ClientKind } from './client-kind.ts'
import { MoveToPrimary } from './move-to-primary.ts'
import { primaryRun } from './on-primary.ts'
import type { PrimaryHold } from './primary-hold.ts'
import { ReplicaTransaction, type Move, type Moved, type Run } from './replica-transaction.ts'
import type { Opening, RouterPort } from './router-port.ts'
import { CLOSED } from './words.ts'

/** The checkout of a client. */
export interface Checkout {
  /** Runs `acquire` listeners on each connection that it uses. Absent where there are none. */
  acquire(): Acquire | undefined
  /** True when nothing of it may go on: a connection that comes now comes too late. */
  isGivenUp(): boolean
  /** Makes the client unusable, as when its connection has broken. */
  cut(): void
}

/** Runs the statements of one client, one at a time, each where it is decided to run. */
export class ClientStatements implements Holder {
  readonly #router: RouterPort
  readonly #events: ClientEvents
  readonly #primary: PrimaryHold
  readonly #kind: ClientKind
  readonly #checkout: Checkout
  #replica: ReplicaTransaction | undefined
  /** True while a transaction has left its replica and has not arrived at the primary. */
  #isMoving = false

  constructor(
    router: RouterPort,
    events: ClientEvents,
    primary: PrimaryHold,
    kind: ClientKind,
    checkout: Checkout,
  ) {
    this.#router = router
    this.#events = events
    this.#primary = primary
    this.#kind = kind
    this.#checkout = checkout
  }

  /** The read-only transaction that is open on a replica. */
  get replica(): ReplicaTransaction | undefined {
    return this.#replica
  }

  /** Transaction status of the transaction on a replica; absent without one. */
  get status(): TransactionStatus | undefined {
    if (this.#isMoving) return 'T'
    return this.#replica?.client.getTransactionStatus()
  }

  /** Whether the caller of the running statement has its error, and the server has not answered. */
  get isGivenUp(): boolean {
    const { connection } = this.#replica ?? this.#primary.held ?? {}
    return connection?.isGivenUp === true
  }

  /** Gives back the replica's connection, and with it the transaction. */
  drop(error: Error | boolean | undefined): void {
    if (this.#replica === undefined) return
    this.#events.stop(this.#replica.client)
    this.#replica.close(error)
    this.#replica = undefined
  }

  holds(statement: Statement, query: Query): Hold | undefined {
    const replica = this.#replica
    if (replica !== undefined) {
      // The catalog may still prove that it is a read.
      const isPending = statement.reason === 'catalog-pending'
      return isPending || replica.movesFor(statement, query) === undefined
        ? { role: 'replica', reason: 'in-transaction', node: replica.node }
        : { role: 'primary', reason: 'in-transaction', node: undefined }
    }
    const { held, isInTransaction } = this.#primary
    const isBound = this.#isBound(statement, query)
    if (!isBound && !this.#kind.primaryOnly) return undefined
    const reason = isInTransaction ? 'in-transaction' : isBound ? 'pinned' : 'asked-primary'
    return { role: 'primary', reason, node: isBound ? held?.node : undefined }
  }

  /** Decides where the statement runs, once all earlier ones have finished, and runs it. */
  run(run: Run, next: () => void): void {
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
    if (runs === 'held' && this.#replica !== undefined)
      this.#inTransaction(this.#replica, statement, run, next)
    else if (runs === 'opening') this.#openReadOnly(decision, run, next)
    else if (runs === 'read') this.#read(decision, run, next)
    else this.#primary.run(primaryRun(run, statement), next)
  }

  /** Runs a statement in the transaction on a replica, which may have to move for it. */
  #inTransaction(replica: ReplicaTransaction, statement: Statement, run: Run, next: () => void): void {
    const { done, query, session } = run
    const reason = replica.movesFor(statement, query, session)
    if (reason === undefined) return replica.run(statement, run, next)
    const goOn = (): void => this.#primary.run(primaryRun(run, statement), next)
    replica.move({ reason, session, statement }, goOn, done, next)
  }

  #move(transaction: ReplicaTransaction, move: Move, moved: Moved): void {
    const checkout = this.#checkout
    new MoveToPrimary({
      router: this.#router,
      primary: this.#primary,
      transaction,
      move,
      left: () => {
        this.#replica = undefined
        this.#isMoving = true
        this.#events.stop(transaction.client)
      },
      cut: () => {
        if (!checkout.isGivenUp()) checkout.cut()
      },
      // The statement that it moves for is the caller's, and its connections have contexts of their own.
      moved: inThisContext((error) => {
        this.#isMoving = false
        moved(error)
      }),
    }).start()
  }

  #read(decision: Decision, run: Run, next: () => void): void {
    const { query, statement } = decision
    const finish = finishing(run.done, next)
    const options = { acquire: this.#checkout.acquire(), send: this.#events.around(query.send) }
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

  get pins(): readonly Pin[] | undefined {
    const { settings } = this.#primary
    return settings.isPinned && this.#replica === undefined ? [...settings.pins] : undefined
  }

  /** Explains how this statement would run now. */
  explain(query: Query, session: MutableSession): Promise<Explanation> {
    return this.#router.decider.explain(query, session, this.#primary.settings.journal, this)
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
    const acquire = this.#checkout.acquire()
    // Sessions round the time of a write up.
    const sinceMs = Math.max(this.#router.platform.now(), run.session.lastWriteAtMs ?? -Infinity)
    const send = this.#router.settings.under(journal, query.send, false, acquire)
    const finish: Done = (error, result) => {
      guarded(run.done)(error, result)
      next()
    }
    const opened: Opening['opened'] = (lease, result, isolation) => {
      if (this.#checkout.isGivenUp()) {
        lease.client.release(true)
        return finish(new Error(CLOSED))
      }
      this.#events.from(lease.client)
      this.#replica = new ReplicaTransaction({
        router: this.#router,
        lease,
        begin: statement,
        isolation,
        sinceMs,
        over: () => {
          this.#replica = undefined
          this.#events.stop(lease.client)
        },
        moves: (transaction, move, moved) => this.#move(transaction, move, moved),
        goesOn: (step, heard, goOn) => this.#primary.run(primaryRun(step.run, step.statement, heard), goOn),
      })
      finish(undefined, result)
    }
    const onPrimary: Opening['onPrimary'] = (leave, heard) => {
      this.#primary.takePlace(leave)
      this.#primary.run(primaryRun(run, statement, heard), next)
    }
    this.#router.openings.open(decision, {
      send,
      isHooked: acquire !== undefined,
      opened,
      onPrimary,
      failed: finish,
    })
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
