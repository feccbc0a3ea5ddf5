import type { PoolClient } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { SwitchyardError } from '../errors/error.ts'
import { withOutcome } from '../errors/outcome.ts'
import type { Heard, ReplicaLease } from '../execution/conversation.ts'
import { ExclusiveConnection, hangUp } from '../execution/exclusive.ts'
import type { Done, Send } from '../execution/execution.ts'
import { failureOf } from '../execution/failure.ts'
import { isBroken } from '../nodes/is-broken.ts'
import type { Query } from '../nodes/query.ts'
import { isServerError } from '../platform/server-error.ts'
import { queryUnseen, type OwnAnswered } from '../platform/unseen.ts'
import { askedForPrimary } from '../routing/decide.ts'
import { runsOnStandby } from '../statement/on-a-standby.ts'
import type { IsolationLevel, Statement } from '../statement/statement.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { textOf } from './query-arguments.ts'
import type { RouterPort } from './router-port.ts'
import { staleTransactionError } from './stale-transaction.ts'
import { sendSubmission, type Submission } from './submission.ts'
import { TransactionLog, type Running } from './transaction-log.ts'

/**
 * A statement that always fails. After it PostgreSQL rejects further statements and handles savepoints by its own
 * rules.
 */
export const FAILING = 'rollback to savepoint pg_switchyard_refused'

/** A statement with its callback. */
export interface Run {
  readonly query: Query
  readonly session: MutableSession
  readonly done: Done
}

/** A statement with its classification. */
export interface Step {
  readonly statement: Statement
  readonly run: Run
}

/** Reason why a transaction continues on the primary. */
export type MoveReason =
  /**
   * A statement is not proven to do the same on a replica as on the primary. This includes a read that would show what
   * the session has written since BEGIN.
   */
  | 'statement'
  /** A statement asks for the primary. */
  | 'asked-primary'
  /** A statement has failed on the replica with an error that the primary may not have. */
  | 'error'
  /** A transaction that began with this read has shown results that could not be repeated. */
  | 'learned'

/** A transaction that is to continue on the primary. */
export interface Move {
  readonly reason: MoveReason
  readonly log: TransactionLog
  /** The statement that the transaction continues with. */
  readonly statement: Statement
  readonly session: MutableSession
  /** Whether the transaction has failed, so that only its end or ROLLBACK TO can follow. */
  readonly hasFailed: boolean
  /** Releases the slot on the primary, if it has one. */
  readonly leave?: (() => void) | undefined
}

/** Called when the transaction is at the same point on the primary, or with the error of the statement. */
export type Moved = (error: Error | undefined) => void

export interface ReplicaTransactionOptions {
  readonly router: RouterPort
  readonly lease: ReplicaLease
  /** The statement that began it. */
  readonly begin: Statement
  readonly isolation: IsolationLevel
  /** Its replica shows what its session had written by then (our clock, milliseconds). */
  readonly sinceMs: number
  /** Called once, when the transaction has ended and its connection is returned. */
  readonly over: () => void
  /** Moves it to the primary. */
  readonly moves: (transaction: ReplicaTransaction, move: Move, moved: Moved) => void
  /** Runs a statement there once it has moved. */
  readonly goesOn: (step: Step, heard: Heard, next: () => void) => void
}

/**
 * A read-only or optimistic transaction on a replica, with its own connection until its end. It continues on the
 * primary at the first statement that is not proven to do the same there. A standby accepts some of these without an
 * error.
 */
export class ReplicaTransaction {
  readonly #router: RouterPort
  readonly #lease: ReplicaLease
  readonly #options: ReplicaTransactionOptions
  readonly connection: ExclusiveConnection
  readonly #log: TransactionLog
  readonly #unwatch: () => void
  #hasShown = false
  #isGivenBack = false

  constructor(options: ReplicaTransactionOptions) {
    const { begin, isolation, lease, router } = options
    this.#options = options
    this.#router = router
    this.#lease = lease
    this.#log = new TransactionLog(begin, isolation)
    this.connection = new ExclusiveConnection(lease.client)
    // A read-only transaction can be abandoned at any time.
    this.#unwatch = lease.watch((cause) => this.#giveBack(cause))
  }

  get client(): PoolClient {
    return this.#lease.client
  }

  get node(): NodeView {
    return this.#lease.node
  }

  /** Whether it has shown data of its replica. */
  get hasShown(): boolean {
    return this.#hasShown
  }

  /** Why it has to move before this statement; `undefined` if that runs on the replica. */
  movesFor(
    statement: Statement,
    { request, text = '', values }: Query,
    session: MutableSession = this.#router.sessions.context.current(),
  ): MoveReason | undefined {
    const { client } = this.#lease
    // On a lost connection everything fails, and in a failed transaction the server rejects everything by itself.
    if (isBroken(client)) return undefined
    if (client.getTransactionStatus() === 'E') return statement.multiple ? 'statement' : undefined
    const log = this.#log
    if (!runsOnStandby(statement, text, values, log.kind === 'read-only')) return 'statement'
    if (statement.kind === 'read' && askedForPrimary(statement, request) !== undefined) return 'asked-primary'
    if (statement.kind === 'read' && log.followsItsSession && hasWritten(session, this.#options.sinceMs))
      return 'statement'
    return log.beginsWith(statement) && this.#router.beginnings.has(text, log.kind) ? 'learned' : undefined
  }

  /** The same for a query object, whose rows cannot be compared. */
  movesForObject(statement: Statement, query: Query, session: MutableSession): MoveReason | undefined {
    const reason = this.movesFor(statement, query, session)
    const hasFailed = isBroken(this.client) || this.client.getTransactionStatus() === 'E'
    return reason ?? (this.#log.kind === 'optimistic' && !hasFailed ? 'statement' : undefined)
  }

  /**
   * Moves it to the primary before a statement. If that fails, the transaction has failed, and the statement with it.
   * @param next Called when the server is ready for the next statement after such a failure
   */
  move(
    move: Pick<Move, 'reason' | 'session' | 'statement'>,
    goOn: () => void,
    failed: Done,
    next: () => void,
  ): void {
    const log = this.#log
    if (log.obstacle !== undefined) {
      if (log.kind === 'read-only') {
        return this.fail(refusal(move, this.#lease.node.id, log.obstacle), failed, next)
      }
      // On the primary it has no obstacle.
      log.noteFailure(this.#router.beginnings)
      return this.fail(staleTransactionError(log.kind, log.obstacle), failed, next)
    }
    const hasFailed = this.client.getTransactionStatus() === 'E'
    this.#options.moves(this, { ...move, hasFailed, log }, (error) => {
      if (error === undefined) return goOn()
      try {
        failed(error)
      } finally {
        next()
      }
    })
  }

  /**
   * Runs a query object whose text is a proven read, and calls `next` when the server is ready for the next statement.
   */
  submit(statement: Statement, submission: Submission, session: MutableSession, next: () => void): void {
    const { client, node } = this.#lease
    this.#router.counters.ran(node, statement.kind === 'read')
    const hadFailed = client.getTransactionStatus() === 'E'
    const ending: Done = (error) => {
      if (!hadFailed) this.#log.streamed(textOf(submission.submittable))
      this.#saw(session)
      if (error) this.#noteFailure(error)
    }
    const send: Send = (_client, done) => {
      // Runs before the query object receives the message, also for errors of the server.
      sendSubmission(submission, client, (error) => {
        ending(error)
        done(error)
      })
    }
    this.connection.run({ send, answered: () => {}, idle: next })
  }

  /** Ends the transaction when the client is released: a connection with an open transaction is not reused. */
  close(error: Error | boolean | undefined): void {
    this.#giveBack(error || true)
  }

  /** Returns its connection, because it continues elsewhere. */
  leave(): void {
    if (this.#isGivenBack) return
    const { client } = this.#lease
    this.#isGivenBack = true
    this.connection.close()
    let isOver = false
    const over = (error?: Error | null): void => {
      if (isOver) return
      isOver = true
      unwatch()
      client.release(error ?? undefined)
      if (error) hangUp(client)
    }
    const unwatch = this.#lease.watch(over)
    this.#unwatch()
    queryUnseen(client, 'rollback', over)
  }

  /** Runs a statement and calls `next` when the server is ready for the next one. */
  run(statement: Statement, run: Run, next: () => void): void {
    const { query, session, done } = run
    const { client, node } = this.#lease
    // After an error it may run once more, on the primary.
    query.mayRepeat()
    this.#router.counters.ran(node, statement.kind === 'read')
    query.trace?.sent(node)
    const { listener, platform } = this.#router
    const startedAtMs = platform.now()
    const hadFailed = client.getTransactionStatus() === 'E'
    const { beginning } = this.#log
    const isLogged = !hadFailed || statement.kind === 'transaction'
    const logged = isLogged ? this.#log.starts(statement, query, session, client) : undefined
    let failure: Error | undefined
    const answered: Done = (error, result) => {
      failure = error || undefined
      if (!error || isServerError(error)) listener.answered(node, startedAtMs)
      if (statement.kind !== 'transaction') this.#saw(session)
      if (error) this.#noteFailure(error)
      done(error, result)
    }
    const idle = (serverError: Error | undefined): void => {
      const status = client.getTransactionStatus()
      logged?.ended(serverError ?? failure, isBroken(client) ? null : status)
      const isOver = isBroken(client) ? statement.reason === 'rollback' : status === 'I'
      if (isOver) this.#end(beginning)
      next()
    }
    // Errors of a failed transaction say nothing about the replica.
    const takesOver = (error: Error): boolean => {
      if (hadFailed) return false
      const stands = (): void => {
        idle(error)
        answered(error)
      }
      this.#contest({ statement, run }, error, logged, stands, next)
      return true
    }
    this.connection.run({ send: query.send, answered, idle, takesOver })
  }

  /** Fails the transaction, and a statement of it that was not sent. */
  fail(error: Error, failed: Done, next: () => void): void {
    withOutcome(error, 'not-sent')
    if (this.#isGivenBack || isBroken(this.client)) {
      failed(error)
      return next()
    }
    const send: Send = (client, done) => queryUnseen(client, FAILING, done as OwnAnswered)
    this.connection.run({ send, answered: () => failed(error), idle: next })
  }

  /** Continues on the primary after an error that the primary may not have. */
  #contest(
    step: Step,
    error: Error,
    logged: Running | undefined,
    stands: () => void,
    next: () => void,
  ): void {
    const { contest } = this.#lease
    const { done, session } = step.run
    const log = this.#log
    if (log.obstacle !== undefined) {
      return contest.isFinal(error, (isFinal) => {
        if (!isFinal) this.#doubt(error, session)
        stands()
      })
    }
    contest.claim(error, (place, heard) => {
      if (place === undefined) return stands()
      logged?.dropped()
      const { leave } = place
      const move: Move = { reason: 'error', log, statement: step.statement, session, hasFailed: false, leave }
      this.#options.moves(this, move, (failure) => {
        if (failure === undefined) return this.#options.goesOn(step, heard, next)
        heard(error)
        try {
          done(failure)
        } finally {
          next()
        }
      })
    })
  }

  /** A retry of the whole transaction may succeed. */
  #doubt(error: Error, session: MutableSession): void {
    this.#router.sessions.shown(session)
    if (Object.isExtensible(error)) Object.assign(error, { retryable: true })
    withOutcome(error, 'rolled-back')
  }

  #saw(session: MutableSession): void {
    this.#hasShown = true
    this.#router.sessions.saw(session, this.#lease.node)
  }

  /** A read-only transaction has written nothing, so its outcome is certain. */
  #noteFailure(error: Error): void {
    const isLost = failureOf(error) === 'node'
    if (isLost) this.#router.cluster.suspect(this.#lease.node.id, error)
    if (isLost || (isBroken(this.client) && !isServerError(error))) {
      withOutcome(error, 'rolled-back')
    }
  }

  /** @param beginning Its first read. A chained transaction has another one. */
  #end(beginning: string | undefined): void {
    const isOptimistic = this.#log.kind === 'optimistic'
    if (beginning !== undefined && isOptimistic) this.#router.beginnings.stayed(beginning)
    this.#giveBack(isBroken(this.client) ? true : undefined)
    this.#options.over()
  }

  #giveBack(error: Error | boolean | undefined): void {
    if (this.#isGivenBack) return
    this.#isGivenBack = true
    this.#unwatch()
    this.connection.close()
    this.client.release(error)
    if (error) hangUp(this.client)
  }
}

/** Whether a session has written since a replica was chosen for it, which may not show that. */
function hasWritten({ lastWriteAtMs }: MutableSession, sinceMs: number): boolean {
  return lastWriteAtMs !== undefined && lastWriteAtMs > sinceMs
}

function refusal(
  { reason, statement }: Pick<Move, 'reason' | 'statement'>,
  node: string,
  obstacle: string,
): SwitchyardError {
  const { offender, reason: why } = statement
  const what = offender === undefined ? why : `${why}: ${offender.text}`
  const cause =
    reason === 'asked-primary'
      ? 'the statement asks for the primary'
      : `the statement is no proven read (${what})`
  return new SwitchyardError(
    'SWITCHYARD_READ_ONLY_TRANSACTION',
    `This read-only transaction runs on the replica ${node}, ${cause}, and the transaction cannot continue ` +
      `on the primary: ${obstacle}. Begin it with { route: 'primary' }`,
  )
}
