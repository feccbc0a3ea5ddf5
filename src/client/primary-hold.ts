import type { PoolClient, TransactionStatus } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { WriteLedger, type StatementFailure } from '../consistency/write-ledger.ts'
import { hangUp, runExclusively } from '../execution/exclusive.ts'
import type { Done, Send } from '../execution/execution.ts'
import { failureOf } from '../execution/failure.ts'
import { withOutcome } from '../errors/outcome.ts'
import { fencedError } from '../execution/fenced-error.ts'
import { isServerError } from '../platform/server-error.ts'
import { askWhetherStandby } from '../execution/standby-proof.ts'
import type { PrimaryLease } from '../execution/writer.ts'
import { isBroken } from '../nodes/is-broken.ts'
import type { Acquire } from '../settings/acquire.ts'
import { ClientSettings } from '../settings/client-settings.ts'
import type { Statement } from '../statement/statement.ts'
import { WITHOUT_TEXT } from '../statement/without-text.ts'
import { isFenced, type NodeView } from '../topology/snapshot.ts'
import type { RouterPort } from './router-port.ts'
import { CLOSED, REFUSED_UNSENT, TIMED_OUT } from './words.ts'

/** A statement that belongs on the primary, and who waits for it. */
export interface PrimaryRun {
  readonly statement: Statement
  readonly text: string | undefined
  readonly values: readonly unknown[]
  readonly session: MutableSession
  readonly send: Send
  readonly done: Done
  /** False for what hears the server by itself, so that it cannot be run twice. */
  readonly mayMove: boolean
}

/** The client that holds the connection. */
export interface Holder {
  /** Absent: the tier of the calling code's session. */
  readonly tier: string | undefined
  /** True when nothing of it may go on: a connection that comes now comes too late. */
  isGivenUp(): boolean
  /** Runs `acquire` listeners on a connection that is borrowed. Absent where there are none. */
  acquire(): Acquire | undefined
  borrowed(client: PoolClient): void
  returned(client: PoolClient): void
  /** What was called behind this statement, and not begun, must not run without it. */
  failFollowers(error: Error): void
}

type Borrowed = (error: Error | undefined, lease?: PrimaryLease) => void

/** Asked outside of a transaction, it is asked because the next statements are meant to run there too. */
const ASKS_FOR_BACKEND = /pg_backend_pid\s*\(/i

/** The connection to the primary that a client borrows when it first needs one, and what it holds there. */
export class PrimaryHold {
  readonly #router: RouterPort
  readonly #holder: Holder
  readonly #ledger = new WriteLedger()
  #lease: PrimaryLease | undefined
  #isInTransaction = false
  /** Somebody has begun that with `pool.query('BEGIN')`, and is to end it. */
  #isOthers = false
  /** What the client has set, wherever, and what else it has left on this connection. */
  readonly settings: ClientSettings
  /** Gives back the place that a read has on the primary in place of a replica. */
  #leavePlace: (() => void) | undefined

  constructor(router: RouterPort, holder: Holder) {
    this.#router = router
    this.#holder = holder
    this.settings = new ClientSettings(router.settings, router.names, (pin) => {
      if (this.#lease !== undefined) router.tell('clientPinned', { node: this.#lease.node.id, pin })
    })
  }

  get client(): PoolClient | undefined {
    return this.#lease?.client
  }

  get node(): NodeView | undefined {
    return this.#lease?.node
  }

  get isInTransaction(): boolean {
    return this.#isInTransaction
  }

  /** True while every statement has to run here. */
  get isBound(): boolean {
    return this.#isInTransaction || this.settings.isPinned
  }

  /** False where it may run elsewhere all the same, if it is a read. */
  binds(text: string, values: readonly unknown[]): boolean {
    if (!this.isBound) return false
    const names = this.#isInTransaction ? undefined : this.settings.temporaryNames
    return names === undefined || !this.#router.names.standsApart(text, values, names)
  }

  get status(): TransactionStatus {
    return this.#lease?.client.getTransactionStatus() ?? 'I'
  }

  /** `leave` is called when the next statement, or the transaction that it opens, is over. */
  takePlace(leave: () => void): void {
    this.#leavePlace = leave
  }

  /** Runs a statement, and learns from the server whether a transaction is open; then calls `next`. */
  run(run: PrimaryRun, next: () => void): void {
    this.#run(run, next, !run.mayMove)
  }

  borrow(done: Borrowed): void {
    const held = this.#lease
    if (held !== undefined) {
      const isFree = !this.isBound
      // What was lost with a broken connection, the connection says itself.
      const isOver = isBroken(held.client) ? isFree : isFenced(this.#router.cluster.snapshot, held.node)
      if (!isOver) return done(undefined, held)
      if (!isFree) return done(fencedError(held.node.id))
      this.#drop(held, true)
    }
    const { executors, sessions } = this.#router
    const tier = this.#holder.tier ?? sessions.context.current().tier
    executors.named(tier).writer.lease((error, lease) => {
      if (lease === undefined) return done(error)
      if (this.#holder.isGivenUp()) {
        lease.client.release()
        return done(new Error(CLOSED))
      }
      // Nothing has been asked there yet, so a server that is gone need not be waited for.
      const unwatch = lease.watch(() => hangUp(lease.client))
      this.settings.borrowed(lease.client, this.#holder.acquire(), (refusal) => {
        unwatch()
        if (refusal !== undefined || this.#holder.isGivenUp()) {
          lease.client.release(refusal)
          return done(refusal ?? new Error(CLOSED))
        }
        this.#lease = lease
        const status = lease.client.getTransactionStatus()
        this.#isInTransaction = status === 'T' || status === 'E'
        this.#isOthers = this.#isInTransaction
        this.#holder.borrowed(lease.client)
        done(undefined, lease)
      })
    })
  }

  /** Gives the connection back. What was written over it and is not known to be committed may be, from now on. */
  giveBack(error: Error | boolean | undefined): void {
    if (this.#lease !== undefined) this.#drop(this.#lease, error)
  }

  /** Everything has come to its end: what the ledger still has is told. */
  settleAll(): void {
    this.#settle(WITHOUT_TEXT, 'I', 'none')
  }

  #run(run: PrimaryRun, next: () => void, isSecond: boolean): void {
    this.borrow((error, lease) => {
      if (lease !== undefined) return this.#runOn(lease, run, next, isSecond)
      this.#leave()
      if (error !== undefined) this.#failFollowers(run.statement, error)
      try {
        run.done(error)
      } finally {
        next()
      }
    })
  }

  #runOn(lease: PrimaryLease, run: PrimaryRun, next: () => void, isSecond: boolean): void {
    const { statement, session, text, done } = run
    const { client } = lease
    this.#router.counters.ran(lease.node, statement.kind === 'read')
    const wasInTransaction = this.#isInTransaction
    const isFree = !this.isBound
    if (!wasInTransaction && text !== undefined && ASKS_FOR_BACKEND.test(text)) this.settings.pin('backend')
    const { values } = run
    const send = this.settings.starts(statement, text, values, run.send, wasInTransaction)
    this.#ledger.started(statement, session)
    this.#router.sessions.noteSetting(statement, text)

    let failure: StatementFailure = 'none'
    let answer: unknown
    const answered: Done = (error, result) => {
      answer = result
      if (error) failure = failureKind(error)
      if (statement.kind === 'read') this.#router.sessions.saw(session, lease.node)
      else this.#router.sessions.ranOnPrimary(session, statement, text, error)
      if (error) this.#noteOutcome(error, statement, wasInTransaction, lease)
      // Before the caller hears of it: the next thing that it does may be to read. What the server says of the transaction
      // is true by now, but for an error: then it is told when the connection is idle, and a server's error waits for that.
      if (!error) this.#settle(statement, client.getTransactionStatus(), 'none')
      else if (!isServerError(error)) {
        this.#settle(statement, undefined, 'lost')
        if (isBroken(client)) this.#failFollowers(statement, error)
      }
      done(error, result)
    }
    const idle = (serverError: Error | undefined): void => {
      if (serverError !== undefined) failure = failureKind(serverError)
      const isGone = isBroken(client)
      const status = isGone ? null : client.getTransactionStatus()
      const isLost = isGone && !this.isBound
      this.#isInTransaction = isGone ? this.#isInTransaction : status !== 'I'
      this.#isOthers &&= this.#isInTransaction
      this.#settle(statement, status, failure)
      if (!this.#isInTransaction) this.#leave()
      if (isLost && serverError !== undefined) this.#failFollowers(statement, serverError)
      if (isLost && this.#lease === lease) this.#drop(lease, true)
      if (isGone) return next()
      const isFailed = failure !== 'none'
      const ending = { wasInTransaction, status, isFailed, command: commandOf(answer), result: answer }
      this.settings.ended(client, statement, values, ending, next)
    }
    // A demoted server has done nothing: the true primary may have the statement, once.
    const takesOver = (error: Error): boolean => {
      if (isSecond || !isFree || failureOf(error) !== 'standby-refusal') return false
      askWhetherStandby(client, (isStandby) => {
        if (!isStandby || this.#lease !== lease) {
          idle(error)
          return answered(error)
        }
        this.#router.cluster.suspect(lease.node.id, error)
        this.settings.released()
        this.#drop(lease, true)
        this.#run(run, next, true)
      })
      return true
    }
    runExclusively(client, send, answered, idle, takesOver)
  }

  /**
   * What was called behind a BEGIN or a SET that nobody has awaited was meant to run in its transaction, or with its setting.
   * It must not run without, over another connection.
   */
  #failFollowers({ kind, leavesSessionState, multiple }: Statement, error: Error): void {
    if (kind !== 'transaction' && !leavesSessionState && !multiple) return
    if (kind === 'transaction' && !multiple) withOutcome(error, 'rolled-back')
    this.#holder.failFollowers(error)
  }

  /** Says of a statement whose server is lost what may have become of it. */
  #noteOutcome(error: Error, statement: Statement, wasInTransaction: boolean, { node }: PrimaryLease): void {
    const isLost = failureOf(error) === 'node'
    if (isLost) this.#router.cluster.suspect(node.id, error)
    if (!isLost && error.message !== TIMED_OUT) return
    const { reason, multiple, mayWrite } = statement
    const wasSent = !REFUSED_UNSENT.has(error.message)
    const mayCommit = wasSent && (multiple || reason === 'commit' || reason === 'two-phase')
    if (wasInTransaction && isLost && !mayCommit) withOutcome(error, 'rolled-back')
    else if (!wasSent) withOutcome(error, 'not-sent')
    else if (mayWrite || wasInTransaction) withOutcome(error, 'unknown')
  }

  #settle(statement: Statement, status: TransactionStatus | undefined, failure: StatementFailure): void {
    const write = this.#ledger.ended(statement, status, failure)
    if (write !== undefined) this.#router.ended(write)
  }

  #leave(): void {
    this.#leavePlace?.()
    this.#leavePlace = undefined
  }

  #drop(lease: PrimaryLease, error: Error | boolean | undefined): void {
    this.#lease = undefined
    this.#leave()
    this.#holder.returned(lease.client)
    const { client } = lease
    const wasInTransaction = this.#isInTransaction && !this.#isOthers
    this.#isInTransaction = false
    if (!error && !isBroken(client)) {
      return this.settings.returns(client, wasInTransaction, (dirty) => client.release(dirty))
    }
    this.settings.released()
    client.release(error)
    if (error) hangUp(client)
  }
}

/** The command that the server says it has run. Of several in one text it does not matter. */
function commandOf(result: unknown): string | undefined {
  const command: unknown =
    typeof result === 'object' && result !== null ? Reflect.get(result, 'command') : undefined
  return typeof command === 'string' ? command : undefined
}

function failureKind(error: Error): StatementFailure {
  return isServerError(error) && failureOf(error) !== 'node' ? 'answered' : 'lost'
}
