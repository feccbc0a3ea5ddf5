import { EventEmitter } from 'node:events'
import { DatabaseError, escapeIdentifier, escapeLiteral } from 'pg'
import type { PoolClient, Submittable, TransactionStatus } from 'pg'
import type { MutableSession } from './consistency/session.ts'
import { WriteLedger, type StatementFailure } from './consistency/write-ledger.ts'
import { attend, fail } from './execution/attend.ts'
import type { ReplicaLease } from './execution/conversation.ts'
import { isBroken, runExclusively } from './execution/exclusive.ts'
import type { Done } from './execution/execution.ts'
import { failureOf } from './execution/failure.ts'
import { guarded } from './execution/guarded.ts'
import { fencedError, withOutcome } from './execution/outcome.ts'
import { askWhetherStandby } from './execution/standby-proof.ts'
import type { PrimaryLease } from './execution/writer.ts'
import { ForwardedEvents } from './forwarded-events.ts'
import { inThisContext } from './platform/async-context.ts'
import { callbackOf, isSubmittable, normalizeQuery, promised } from './query-arguments.ts'
import { ReplicaTransaction, type Run } from './replica-transaction.ts'
import type { Router } from './router.ts'
import { opensOnStandby } from './statement/on-a-standby.ts'
import type { Statement } from './statement/statement.ts'
import { WITHOUT_TEXT } from './statement/without-text.ts'

/** Something to do when everything before it is finished. Calls `next` when it is finished itself. */
interface Task {
  readonly start: (next: () => void) => void
  /** Called in place of `start` when it will never come to that. */
  readonly fail: (error: Error) => void
}

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
 * connection, everything runs there; a proven read outside of that goes to a replica. So does a transaction that begins as
 * READ ONLY, as a whole.
 *
 * Statements run one after the other, in the order of the calls: each is decided when the one before is finished.
 */
export class RoutedClient extends EventEmitter {
  readonly #router: Router
  readonly #returned: () => void
  readonly #tasks: Task[] = []
  readonly #ledger = new WriteLedger()
  readonly #events = new ForwardedEvents(this)
  #isBusy = false
  #lease: PrimaryLease | undefined
  #isInTransaction = false
  /** Holds state of its connection that cannot be had elsewhere. */
  #isPinned = false
  #isReleased = false
  #replica: ReplicaTransaction | undefined
  /** Gives back the place that a read-only transaction has on the primary in place of a replica. */
  #leavePrimary: (() => void) | undefined
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
      this.#dropAll(error)
    }
    if (!this.#isBusy) this.#giveBack()
  }

  escapeIdentifier(text: string): string {
    return escapeIdentifier(text)
  }

  escapeLiteral(text: string): string {
    return escapeLiteral(text)
  }

  /** Of the connection in use; `I` while none is borrowed, since then there is no transaction. */
  getTransactionStatus(): TransactionStatus {
    return this.#connection?.getTransactionStatus() ?? 'I'
  }

  /** Backend process of the connection in use; `null` while none is borrowed. */
  get processID(): number | null {
    const client: object | undefined = this.#connection
    return client !== undefined && 'processID' in client ? Number(client.processID) : null
  }

  /** The one that the next statement runs over, if it runs over a borrowed one. */
  get #connection(): PoolClient | undefined {
    return (this.#replica ?? this.#lease)?.client
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
    if (this.#replica !== undefined) return this.#replica.run(statement, run, next)
    const isBound = this.#isInTransaction || this.#isPinned
    if (!isBound && opensOnStandby(statement)) return this.#openReadOnly(statement, run, next)
    if (isBound || statement.kind !== 'read') return this.#runOnPrimary(statement, run, next, false)
    const { text: sql, request, send, canPipeline, plain } = query
    const read = (): void => {
      const route = this.#lease && this.#router.route(statement, session, request)
      // A second connection to the primary may not be had while this client holds one.
      if (route?.role === 'primary') this.#runOnPrimary(statement, run, next, false)
      else this.#router.run({ sql, request, session, send, canPipeline, plain }, finish)
    }
    const awaited = this.#lease && this.#router.sessions.awaited(session, request, statement.hint)
    if (awaited === undefined) read()
    else awaited.then(read).catch(finish)
  }

  /** The transaction goes where a read of its session may go, and stays there. */
  #openReadOnly(statement: Statement, run: Run, next: () => void): void {
    const { query, session } = run
    const { request, send } = query
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
      this.#replica = new ReplicaTransaction(this.#router, lease, over)
      this.#events.from(lease.client)
      finish(undefined, result)
    }
    const onPrimary = (leave: () => void): void => {
      this.#leavePrimary = leave
      this.#runOnPrimary(statement, run, next, false)
    }
    this.#router.readOnly.open({ statement, session, request, send, opened, onPrimary, failed: finish })
  }

  #runOnPrimary(statement: Statement, run: Run, next: () => void, isSecond: boolean): void {
    this.#borrow((error, lease) => {
      if (lease !== undefined) return this.#runOn(lease, statement, run, next, isSecond)
      this.#leave()
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
      if (statement.kind === 'read') this.#router.saw(session, lease.node)
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
      if (!this.#isInTransaction) this.#leave()
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
    const replica = this.#replica
    if (replica !== undefined) {
      const send = (): void => replica.client.query(submittable as never, values as never, callback as never)
      return replica.submit(submittable, session, next, send)
    }
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
      this.#events.from(lease.client)
      done(undefined, lease)
    })
  }

  #giveBack(): void {
    this.#settle(WITHOUT_TEXT, 'I', 'none')
    this.#dropAll(undefined)
    this.#returned()
  }

  #dropAll(error: Error | boolean | undefined): void {
    if (this.#lease !== undefined) this.#drop(this.#lease, error)
    if (this.#replica === undefined) return
    this.#events.stop(this.#replica.client)
    this.#replica.close(error)
    this.#replica = undefined
  }

  #leave(): void {
    this.#leavePrimary?.()
    this.#leavePrimary = undefined
  }

  #drop(lease: PrimaryLease, error: Error | boolean | undefined): void {
    this.#lease = undefined
    this.#leave()
    this.#events.stop(lease.client)
    lease.client.release(error)
  }
}

function failureKind(error: Error): StatementFailure {
  return error instanceof DatabaseError && failureOf(error) !== 'node' ? 'answered' : 'lost'
}
