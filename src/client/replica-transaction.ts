import type { PoolClient } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import type { Heard, ReplicaLease } from '../execution/conversation.ts'
import { ExclusiveConnection, hangUp } from '../execution/exclusive.ts'
import type { Done, Send } from '../execution/execution.ts'
import { failureOf } from '../execution/failure.ts'
import { withOutcome } from '../errors/outcome.ts'
import type { Place } from '../execution/second-opinion.ts'
import { isServerError } from '../platform/server-error.ts'
import { isBroken } from '../nodes/is-broken.ts'
import type { Query } from '../nodes/query.ts'
import { askedForPrimary } from '../routing/decide.ts'
import type { RouterPort } from './router-port.ts'
import { failSubmission, sendSubmission, type Submission } from './submission.ts'
import { runsOnStandby } from '../statement/on-a-standby.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { queryUnseen, type OwnAnswered } from '../platform/unseen.ts'

/**
 * A statement that always fails. After it PostgreSQL rejects further statements and handles savepoints by its own
 * rules.
 */
const FAILING = 'rollback to savepoint pg_switchyard_refused'

/** A statement with its callback. */
export interface Run {
  readonly query: Query
  readonly session: MutableSession
  readonly done: Done
}

/** A statement of a transaction that has shown no result yet, with its classification. */
export interface Step {
  readonly statement: Statement
  readonly run: Run
}

/** A transaction that continues on the primary. */
export interface Move {
  /** The statements that have run so far, in order. They have to run there first. */
  readonly before: readonly Step[]
  /** The statement that has failed on the replica with this error. */
  readonly step: Step
  readonly error: Error
  readonly place: Place
  readonly heard: Heard
}

export interface ReplicaTransactionOptions {
  readonly router: RouterPort
  readonly lease: ReplicaLease
  /** The statement that began it. */
  readonly begin: Step
  /** Called once, when the transaction has ended and its connection is returned. */
  readonly over: () => void
  /** Called instead of `over` when it moves to the primary. Its connection is closed. */
  readonly moves: (move: Move, next: () => void) => void
}

/**
 * A read-only transaction on a replica, with its own connection until its end. Statements that are not proven reads
 * fail before they are sent, because a standby accepts some of them silently.
 */
export class ReplicaTransaction {
  readonly #router: RouterPort
  readonly #lease: ReplicaLease
  readonly #options: ReplicaTransactionOptions
  readonly #connection: ExclusiveConnection
  readonly #unwatch: () => void
  /**
   * The statements that have run while no result was shown and none has failed. Absent after that: the transaction then
   * stays on its replica.
   */
  #before: Step[] | undefined
  #isGivenBack = false

  constructor(options: ReplicaTransactionOptions) {
    const { begin, router, lease } = options
    this.#options = options
    this.#router = router
    this.#lease = lease
    this.#before = [begin]
    this.#connection = new ExclusiveConnection(lease.client)
    // A read-only transaction can be abandoned at any time.
    this.#unwatch = lease.watch((cause) => this.#giveBack(cause))
  }

  get client(): PoolClient {
    return this.#lease.client
  }

  get node(): NodeView {
    return this.#lease.node
  }

  /**
   * Runs a query object if its text is a proven read, and calls `next` when the server is ready for the next statement.
   */
  submit(statement: Statement, submission: Submission, session: MutableSession, next: () => void): void {
    if (statement.kind !== 'read') {
      return this.#refuse(statement, (error) => failSubmission(submission, asError(error)), next)
    }
    const { client, node } = this.#lease
    this.#before = undefined
    this.#router.counters.ran(node, statement.kind === 'read')
    const ending: Done = (error) => {
      this.#router.sessions.saw(session, node)
      if (error) this.#noteFailure(error)
    }
    const send: Send = (_client, done) => {
      // Runs before the query object receives the message, also for errors of the server.
      sendSubmission(submission, client, (error) => {
        ending(error)
        done(error)
      })
    }
    this.#connection.run({ send, answered: () => {}, idle: next })
  }

  /** Ends the transaction when the client is released: a connection with an open transaction is not reused. */
  close(error: Error | boolean | undefined): void {
    this.#giveBack(error || true)
  }

  /** Runs a statement and calls `next` when the server is ready for the next one. */
  run(statement: Statement, run: Run, next: () => void): void {
    const { query, session, done } = run
    const { client, node } = this.#lease
    if (!this.#mayRun(statement, query)) return this.#refuse(statement, done, next)
    this.#router.counters.ran(node, statement.kind === 'read')
    const hadFailed = client.getTransactionStatus() === 'E'
    const answered: Done = (error, result) => {
      if (error || statement.kind === 'read') this.#before = undefined
      else this.#before?.push({ statement, run })
      if (statement.kind !== 'transaction') this.#router.sessions.saw(session, node)
      if (error) this.#noteFailure(error)
      done(error, result)
    }
    const idle = (): void => {
      const isOver = isBroken(client)
        ? statement.reason === 'rollback'
        : client.getTransactionStatus() === 'I'
      if (isOver) this.#end()
      next()
    }
    // Errors of a failed transaction say nothing about the replica.
    const takesOver = (error: Error): boolean => {
      if (hadFailed) return false
      const stands = (): void => {
        idle()
        answered(error)
      }
      if (this.#before === undefined) this.#doubt(error, session, stands)
      else this.#appeal(this.#before, { statement, run }, error, stands, next)
      return true
    }
    this.#connection.run({ send: query.send, answered, idle, takesOver })
  }

  /** Restarts the transaction on the primary if no result was shown yet. */
  #appeal(before: readonly Step[], step: Step, error: Error, stands: () => void, next: () => void): void {
    this.#lease.contest.claim(error, (place, heard) => {
      if (place === undefined) return stands()
      if (this.#isGivenBack) {
        place.leave()
        heard(error)
        return stands()
      }
      this.#giveBack(error)
      this.#options.moves({ before, step, error, place, heard }, next)
    })
  }

  /** Fails the transaction, since rows were already shown. A retry of the whole transaction may succeed. */
  #doubt(error: Error, session: MutableSession, stands: () => void): void {
    this.#lease.contest.isFinal(error, (isFinal) => {
      if (!isFinal) {
        this.#router.sessions.shown(session)
        if (Object.isExtensible(error)) Object.assign(error, { retryable: true })
        withOutcome(error, 'rolled-back')
      }
      stands()
    })
  }

  /** In a failed transaction the server rejects everything by itself. */
  #mayRun(statement: Statement, { request }: Query): boolean {
    if (!runsOnStandby(statement)) return this.client.getTransactionStatus() === 'E' && !statement.multiple
    return statement.kind !== 'read' || askedForPrimary(statement, request) === undefined
  }

  #refuse(statement: Statement, done: Done, next: () => void): void {
    const error = withOutcome(refusal(statement, this.#lease.node.id), 'not-sent')
    const send: Send = (client, failed) => queryUnseen(client, FAILING, failed as OwnAnswered)
    this.#connection.run({ send, answered: () => done(error), idle: next })
  }

  /** A read-only transaction has written nothing, so its outcome is certain. */
  #noteFailure(error: Error): void {
    const isLost = failureOf(error) === 'node'
    if (isLost) this.#router.cluster.suspect(this.#lease.node.id, error)
    if (isLost || (isBroken(this.client) && !isServerError(error))) {
      withOutcome(error, 'rolled-back')
    }
  }

  #end(): void {
    this.#giveBack(isBroken(this.client) ? true : undefined)
    this.#options.over()
  }

  #giveBack(error: Error | boolean | undefined): void {
    if (this.#isGivenBack) return
    this.#isGivenBack = true
    this.#unwatch()
    this.#connection.close()
    this.client.release(error)
    if (error) hangUp(this.client)
  }
}

function refusal({ kind, offender, reason }: Statement, node: string): SwitchyardError {
  const what = offender === undefined ? reason : `${reason}: ${offender.text}`
  const why =
    kind === 'read' ? 'the statement asks for the primary' : `the statement is no proven read (${what})`
  return new SwitchyardError(
    'SWITCHYARD_READ_ONLY_TRANSACTION',
    `This read-only transaction runs on the replica ${node}, and ${why}. Begin it without READ ONLY, or with { route: 'primary' }`,
  )
}
