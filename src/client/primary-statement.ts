import type { PoolClient } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { shownBy } from '../consistency/touched.ts'
import { NO_SCHEMA, type StatementFailure, type WriteLedger } from '../consistency/write-ledger.ts'
import { withOutcome } from '../errors/outcome.ts'
import type { ExclusiveStatement } from '../execution/exclusive.ts'
import type { Done, Send } from '../execution/execution.ts'
import { failureOf } from '../execution/failure.ts'
import { isServerError } from '../platform/server-error.ts'
import { askWhetherStandby } from '../execution/standby-proof.ts'
import { isBroken } from '../nodes/is-broken.ts'
import type { Query } from '../nodes/query.ts'
import type { ClientSettings } from '../settings/client-settings.ts'
import type { Statement } from '../statement/statement.ts'
import { holdBegin, sendBehind, tagOfHeld } from './begin-first.ts'
import type { HeldPrimary } from './held-primary.ts'
import type { RouterPort } from './router-port.ts'
import { REFUSED_UNSENT, TIMED_OUT } from './words.ts'

/** A statement for the primary, with its callback. */
export interface PrimaryRun {
  readonly statement: Statement
  readonly query: Query
  readonly session: MutableSession
  /** Sends the statement. @defaultValue the query's own */
  readonly send?: Send
  readonly done: Done
  /** False for query objects that receive the server's messages themselves, since they cannot run twice. */
  readonly mayMove: boolean
}

/** The part of the client's hold that a statement needs. */
export interface PrimaryPort {
  readonly router: RouterPort
  readonly settings: ClientSettings
  readonly ledger: WriteLedger
  /** True while every statement of the client has to run here. */
  readonly isBound: boolean
  /** Releases the slot of a read or its transaction that runs on the primary in place of a replica. */
  leave(): void
  /** Returns the connection while it is held. */
  readonly held: HeldPrimary | undefined
  /** Closes the connection if it is still held. */
  lose(held: HeldPrimary): void
  /** Runs a statement over another connection after a demoted server has rejected it. */
  again(run: PrimaryRun, next: () => void): void
  /** Fails the queued statements behind this one, which must not run without it. */
  failFollowers(statement: Statement, error: Error): void
}

/** One statement of a client on the connection to the primary that the client holds. */
export class PrimaryStatement implements ExclusiveStatement {
  readonly #port: PrimaryPort
  readonly #held: HeldPrimary
  readonly #run: PrimaryRun
  readonly #next: () => void
  readonly #mayMove: boolean
  readonly #wasInTransaction: boolean
  readonly #schema: number
  #failure: StatementFailure = 'none'
  #answer: unknown
  #startedAtMs = 0

  /**
   * @param next Called when the server is ready for the next statement.
   * @param schema Number of the schema by which the statement was judged
   */
  constructor(port: PrimaryPort, held: HeldPrimary, run: PrimaryRun, next: () => void, schema: number) {
    this.#port = port
    this.#held = held
    this.#run = run
    this.#next = next
    this.#schema = schema
    this.#mayMove = run.mayMove && !port.isBound
    this.#wasInTransaction = held.isInTransaction
  }

  start(): void {
    const { ledger, router, settings } = this.#port
    const { query, session, statement } = this.#run
    router.counters.ran(this.#held.node, statement.kind === 'read')
    query.trace?.sent(this.#held.node)
    this.#startedAtMs = router.platform.now()
    if (!this.#wasInTransaction && statement.mentions?.includes('backend') === true) settings.pin('backend')
    settings.starts(statement, query)
    const schema = settings.hidesObjects(this.#held.client) ? NO_SCHEMA : this.#schema
    ledger.started(statement, session, query, schema)
    router.sessions.noteSetting(statement)
    this.#held.connection.run(this)
  }

  send(client: PoolClient, done: Done): void {
    const { query, statement } = this.#run
    const held = this.#held
    const { begin } = held
    if (begin !== undefined) return sendBehind(begin, client, this.#run, done)
    const tag = this.#mayHoldBegin ? tagOfHeld(client, this.#run) : undefined
    if (tag !== undefined) return holdBegin(client, held.begins(query.text ?? ''), tag, query, done)
    // A query at the start of a transaction would take its snapshot.
    if (statement.settings === undefined || this.#wasInTransaction) return this.#send(client, done)
    const send: Send = (connection, answered) => this.#send(connection, answered)
    this.#port.settings.send(client, statement, query.values, send, done)
  }

  answered(error: Error | undefined, result?: unknown): void {
    const { router } = this.#port
    const { query, session, statement } = this.#run
    const { client, node } = this.#held
    this.#answer = result
    if (!error || isServerError(error)) router.listener.answered(node, this.#startedAtMs)
    if (error) this.#failure = failureKind(error)
    if (statement.kind === 'read') router.sessions.saw(session, node, shownBy(statement, query))
    else router.sessions.ranOnPrimary(session, statement, query, error)
    if (error) this.#noteOutcome(error)
    // Runs before the caller's callback, which may read next. The transaction status is already known, except after an
    // error. Then it follows when the connection is idle, so an error of the server waits for that.
    if (!error) this.#settle(this.#held.status, 'none')
    else if (!isServerError(error)) {
      this.#settle(undefined, 'lost')
      if (isBroken(client)) this.#port.failFollowers(statement, error)
    }
    this.#run.done(error, result)
  }

  idle(serverError: Error | undefined): void {
    const port = this.#port
    const held = this.#held
    const { client } = held
    if (serverError !== undefined) this.#failure = failureKind(serverError)
    if (isBroken(client)) return this.#gone(serverError)
    const status = held.settle()
    this.#settle(status, this.#failure)
    if (status === 'I') port.leave()
    const { query, statement } = this.#run
    const answer = this.#answer
    const isFailed = this.#failure !== 'none'
    const wasInTransaction = this.#wasInTransaction
    const ending = { wasInTransaction, status, isFailed, command: commandOf(answer), result: answer }
    port.settings.ended(client, statement, query.values, ending, this.#next)
  }

  /** A demoted server has rejected the statement, so it may run once on the current primary. */
  takesOver(error: Error): boolean {
    if (!this.#mayMove || failureOf(error) !== 'standby-refusal') return false
    const port = this.#port
    const held = this.#held
    askWhetherStandby(held.client, (isStandby) => {
      if (!isStandby || port.held !== held) {
        this.idle(error)
        return this.answered(error)
      }
      port.router.cluster.suspect(held.node.id, error)
      port.lose(held)
      port.again(this.#run, this.#next)
    })
    return true
  }

  get #mayHoldBegin(): boolean {
    return this.#port.router.pipelinesBegin && !this.#wasInTransaction
  }

  #send(client: PoolClient, done: Done): void {
    const { query, send } = this.#run
    if (send === undefined) query.sendOver(client, done)
    else send(client, done)
  }

  #gone(serverError: Error | undefined): void {
    const port = this.#port
    const { statement } = this.#run
    const isLost = !port.isBound
    this.#settle(null, this.#failure)
    if (!this.#held.isInTransaction) port.leave()
    if (isLost && serverError !== undefined) port.failFollowers(statement, serverError)
    if (isLost) port.lose(this.#held)
    this.#next()
  }

  /** Sets the outcome of a statement whose server is lost. */
  #noteOutcome(error: Error): void {
    const wasInTransaction = this.#wasInTransaction
    const isLost = failureOf(error) === 'node'
    if (isLost) this.#port.router.cluster.suspect(this.#held.node.id, error)
    if (!isLost && error.message !== TIMED_OUT) return
    const { reason, multiple, mayWrite } = this.#run.statement
    const wasSent = !REFUSED_UNSENT.has(error.message)
    const mayCommit = wasSent && (multiple || reason === 'commit' || reason === 'two-phase')
    const isUnbegun = this.#held.begin?.state === 'held'
    if (isUnbegun) withOutcome(error, 'not-sent')
    else if (wasInTransaction && isLost && !mayCommit) withOutcome(error, 'rolled-back')
    else if (!wasSent) withOutcome(error, 'not-sent')
    else if (mayWrite || wasInTransaction) withOutcome(error, 'unknown')
  }

  #settle(status: Parameters<WriteLedger['ended']>[1], failure: StatementFailure): void {
    const write = this.#port.ledger.ended(this.#run.statement, status, failure)
    if (write !== undefined) this.#port.router.ended(write)
  }
}

/** Returns the command tag of a result. For a text of several statements it does not matter. */
function commandOf(result: unknown): string | undefined {
  const command: unknown =
    typeof result === 'object' && result !== null ? Reflect.get(result, 'command') : undefined
  return typeof command === 'string' ? command : undefined
}

function failureKind(error: Error): StatementFailure {
  return isServerError(error) && failureOf(error) !== 'node' ? 'answered' : 'lost'
}
