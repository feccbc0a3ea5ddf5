import { EventEmitter } from 'node:events'
import { DatabaseError, escapeIdentifier, escapeLiteral } from 'pg'
import type { Submittable, TransactionStatus } from 'pg'
import type { MutableSession } from './consistency/session.ts'
import { WriteLedger, type StatementFailure } from './consistency/write-ledger.ts'
import { attend, fail } from './execution/attend.ts'
import { isBroken, runExclusively } from './execution/exclusive.ts'
import type { Done } from './execution/execution.ts'
import { failureOf } from './execution/failure.ts'
import { fencedError, withOutcome } from './execution/outcome.ts'
import { askWhetherStandby } from './execution/standby-proof.ts'
import type { PrimaryLease } from './execution/writer.ts'
import { inThisContext } from './platform/async-context.ts'
import {
  callbackOf,
  isSubmittable,
  normalizeQuery,
  promised,
  type NormalizedQuery,
} from './query-arguments.ts'
import type { Router } from './router.ts'
import type { Statement } from './statement/statement.ts'
import { WITHOUT_TEXT } from './statement/without-text.ts'

/** Something to do when everything before it is finished. Calls `next` when it is finished itself. */
interface Task {
  readonly start: (next: () => void) => void
  /** Called in place of `start` when it will never come to that. */
  readonly fail: (error: Error) => void
}

/** A statement, and who waits for it. */
interface Run {
  readonly query: NormalizedQuery
  readonly session: MutableSession
  readonly done: Done
}

const FORWARDED_EVENTS = ['notice', 'notification', 'end', 'error'] as const
type ForwardedEvent = (typeof FORWARDED_EVENTS)[number]

/** node-postgres' own words. */
const TIMED_OUT = 'Query read timeout'
const CLOSED = 'Client was closed and is not queryable'
/** Of a connection that was known to be broken before the statement came. */
const REFUSED_UNSENT: ReadonlySet<string> = new Set([
  CLOSED,
  'Client has encountered a connection error and is not queryable',
])

/**
 * What `pool.connect()` hands out: a client that routes each statement by itself. It borrows a connection to the primary
 * when a statement first needs one and keeps it until `release()`. In a transaction, and once it holds state of its
 * connection, everything runs there; a proven read outside of that goes to a replica.
 *
 * Statements run one after the other, in the order of the calls: each is decided when the one before is finished.
 */
export class RoutedClient extends EventEmitter {
  readonly #router: Router
  readonly #returned: () => void
  readonly #tasks: Task[] = []
  readonly #ledger = new WriteLedger()
  /** In the async context of whoever checked the client out, and not of whoever opened the connection. */
  readonly #forward: Readonly<Record<ForwardedEvent, (argument: unknown) => void>> = {
    notice: inThisContext((notice) => void this.emit('notice', notice)),
    notification: inThisContext((notification) => void this.emit('notification', notification)),
    end: inThisContext(() => void this.emit('end')),
    // The statement that runs gets the error as well; nobody has to listen here.
    error: inThisContext((error) => void (this.listenerCount('error') > 0 && this.emit('error', error))),
  }
  #isBusy = false
  #lease: PrimaryLease | undefined
  #isInTransaction = false
  /** Holds state of its connection that cannot be had elsewhere. */
  #isPinned = false
  #isReleased = false
  /** Given at release: nothing of this client's may go on. */
  #releaseError: Error | boolean | undefined

  /** @param returned Told once, when everything is given back. */
  constructor(router: Router, returned: () => void) {
    super()
    this.#router = router
    this.#returned = returned
  }

  /** As in node-postgres: text or config, values, callback; or a Submittable, which is returned at once. */
  query(config: unknown, values?: unknown, callback?: unknown): unknown {
    if (config === null || config === undefined) {
      throw new TypeError('Client was passed a null or undefined query')
    }
    if (this.#isReleased) throw new Error(CLOSED)
    const session = this.#router.sessions.context.current()
    if (isSubmittable(config)) {
      const send = { submittable: config, values, callback }
      const start = (next: () => void): void => this.#submit(send, session, next)
      this.#add({ start, fail: (error) => fail(config, error) })
      return config
    }
    const given = callbackOf(config, values, callback)
    const query = normalizeQuery(config, values)
    const run = (done: Done): void =>
      this.#add({ start: (next) => this.#run({ query, session, done }, next), fail: done })
    if (given === undefined) return promised(run)
    run(inThisContext(given))
    return undefined
  }

  /**
   * Gives everything back. With an error or `true` the connection that was borrowed is closed instead of reused, at once,
   * though a statement is running over it.
   */
  readonly release = (error?: Error | boolean): void => {
    if (this.#isReleased) {
      throw new Error('Release called on client which has already been released to the pool.')
    }
    this.#isReleased = true
    if (error) {
      this.#releaseError = error
      for (const task of this.#tasks.splice(0)) task.fail(new Error(CLOSED))
      if (this.#lease !== undefined) this.#drop(this.#lease, error)
    }
    if (!this.#isBusy) this.#giveBack()
  }

  escapeIdentifier(text: string): string {
    return escapeIdentifier(text)
  }

  escapeLiteral(text: string): string {
    return escapeLiteral(text)
  }

  /** Of the borrowed connection; `I` while none is borrowed, since then there is no transaction. */
  getTransactionStatus(): TransactionStatus {
    return this.#lease === undefined ? 'I' : this.#lease.client.getTransactionStatus()
  }

  /** Backend process of the borrowed connection; `null` while none is borrowed. */
  get processID(): number | null {
    const client: object | undefined = this.#lease?.client
    return client !== undefined && 'processID' in client ? Number(client.processID) : null
  }

  #add(task: Task): void {
    this.#tasks.push(task)
    if (!this.#isBusy) this.#next()
  }

  readonly #next = (): void => {
    const task = this.#tasks.shift()
    this.#isBusy = task !== undefined
    if (task !== undefined) task.start(this.#next)
    else if (this.#isReleased) this.#giveBack()
  }

  #run(run: Run, next: () => void): void {
    const { query, session } = run
    // A callback that throws stops nobody else.
    const finish: Done = (error, result) => {
      try {
        run.done(error, result)
      } finally {
        next()
      }
    }
    if (!this.#router.isReady) {
      this.#router.prepare().then(() => this.#run(run, next), finish)
      return
    }
    const statement = this.#router.judge(query.text)
    const isBound = this.#isInTransaction || this.#isPinned
    if (!isBound && statement.kind === 'read') {
      const route = this.#router.route(statement, session, query.request)
      if (route.role === 'replica' || this.#lease === undefined) {
        const { text: sql, request, send } = query
        return this.#router.run({ sql, request, session, send }, finish)
      }
    }
    this.#runOnPrimary(statement, run, next, false)
  }

  #runOnPrimary(statement: Statement, run: Run, next: () => void, isSecond: boolean): void {
    this.#borrow((error, lease) => {
      if (lease !== undefined) return this.#runOn(lease, statement, run, next, isSecond)
      if (error !== undefined) this.#failFollowers(statement, error)
      try {
        run.done(error)
      } finally {
        next()
      }
    })
  }

  /** Runs a statement over the borrowed connection, and learns from the server whether a transaction is open. */
  #runOn(lease: PrimaryLease, statement: Statement, run: Run, next: () => void, isSecond: boolean): void {
    const { query, session, done } = run
    const { client } = lease
    this.#router.count(lease.node, statement)
    const wasInTransaction = this.#isInTransaction
    const isFree = !wasInTransaction && !this.#isPinned
    if (statement.leavesSessionState) this.#isPinned = true
    this.#ledger.started(statement, session)
    this.#router.sessions.noteSetting(statement, query.text)

    let failure: StatementFailure = 'none'
    const answered: Done = (error, result) => {
      if (error) failure = failureKind(error)
      if (statement.kind === 'read') this.#router.sawPrimary(session, lease.node)
      if (error) this.#noteOutcome(error, statement, wasInTransaction, lease)
      // Before the caller hears of it: the next thing that it does may be to read. What the server says of the transaction
      // is true by now, but for an error: then it is told when the connection is idle, and a server's error waits for that.
      if (!error) this.#settle(statement, client.getTransactionStatus(), 'none')
      else if (!(error instanceof DatabaseError)) {
        this.#settle(statement, undefined, 'lost')
        if (isBroken(client)) this.#failFollowers(statement, error)
      }
      done(error, result)
    }
    const idle = (serverError: Error | undefined): void => {
      if (serverError !== undefined) failure = failureKind(serverError)
      const isGone = isBroken(client)
      const status = isGone ? null : client.getTransactionStatus()
      const isLost = isGone && !this.#isInTransaction && !this.#isPinned
      this.#isInTransaction = isGone ? this.#isInTransaction : status !== 'I'
      this.#settle(statement, status, failure)
      if (isLost && serverError !== undefined) this.#failFollowers(statement, serverError)
      if (isLost && this.#lease === lease) this.#drop(lease, true)
      next()
    }
    // A demoted server has done nothing: the true primary may have the statement, once.
    const takesOver = (error: Error): boolean => {
      if (isSecond || !isFree || failureOf(error) !== 'standby-refusal') return false
      askWhetherStandby(client, (isStandby) => {
        if (!isStandby || this.#lease !== lease) {
          idle(error)
          return answered(error)
        }
        this.#router.nodeFailed(lease.node, error)
        this.#isPinned = false
        this.#drop(lease, true)
        this.#runOnPrimary(statement, run, next, true)
      })
      return true
    }
    runExclusively(client, query.send, answered, idle, takesOver)
  }

  /**
   * What was called behind a BEGIN or a SET that nobody has awaited was meant to run in its transaction, or with its setting.
   * It must not run without, over another connection.
   */
  #failFollowers({ kind, leavesSessionState, multiple }: Statement, error: Error): void {
    if (kind !== 'transaction' && !leavesSessionState && !multiple) return
    if (kind === 'transaction' && !multiple) withOutcome(error, 'rolled-back')
    for (const task of this.#tasks.splice(0)) task.fail(error)
  }

  /** Says of a statement whose server is lost what may have become of it. */
  #noteOutcome(error: Error, statement: Statement, wasInTransaction: boolean, { node }: PrimaryLease): void {
    const isLost = failureOf(error) === 'node'
    if (isLost) this.#router.nodeFailed(node, error)
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

  /** Hands the connection to a query object. It may use it for as long as it likes, so the client stays on it. */
  #submit(
    { submittable, values, callback }: { submittable: Submittable; values: unknown; callback: unknown },
    session: MutableSession,
    next: () => void,
  ): void {
    this.#borrow((error, lease) => {
      if (lease === undefined) {
        fail(submittable, error)
      } else {
        this.#isPinned = true
        const ending = (cause: unknown): void => {
          this.#settle(WITHOUT_TEXT, undefined, 'none')
          if (!(cause instanceof Error) || failureOf(cause) !== 'node') return
          this.#router.nodeFailed(lease.node, cause)
          withOutcome(cause, REFUSED_UNSENT.has(cause.message) ? 'not-sent' : 'unknown')
        }
        this.#ledger.started(WITHOUT_TEXT, session)
        ending(undefined)
        attend(submittable, ending)
        this.#router.count(lease.node, WITHOUT_TEXT)
        lease.client.query(submittable as never, values as never, callback as never)
      }
      next()
    })
  }

  #borrow(done: (error: Error | undefined, lease?: PrimaryLease) => void): void {
    const held = this.#lease
    if (held !== undefined) {
      const isFree = !this.#isInTransaction && !this.#isPinned
      // What was lost with a broken connection, the connection says itself.
      const isOver = isBroken(held.client) ? isFree : this.#router.isFenced(held.node)
      if (!isOver) return done(undefined, held)
      if (!isFree) return done(fencedError(held.node.id))
      this.#drop(held, true)
    }
    this.#router.leasePrimary((error, lease) => {
      if (lease === undefined) return done(error)
      if (this.#releaseError) {
        lease.client.release()
        return done(new Error(CLOSED))
      }
      this.#lease = lease
      for (const event of FORWARDED_EVENTS) lease.client.on(event, this.#forward[event])
      done(undefined, lease)
    })
  }

  #giveBack(): void {
    this.#settle(WITHOUT_TEXT, 'I', 'none')
    if (this.#lease !== undefined) this.#drop(this.#lease, undefined)
    this.#returned()
  }

  #drop(lease: PrimaryLease, error: Error | boolean | undefined): void {
    this.#lease = undefined
    for (const event of FORWARDED_EVENTS) lease.client.removeListener(event, this.#forward[event])
    lease.client.release(error)
  }
}

function failureKind(error: Error): StatementFailure {
  return error instanceof DatabaseError && failureOf(error) !== 'node' ? 'answered' : 'lost'
}
