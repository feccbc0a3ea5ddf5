import type { PoolClient } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { asError } from '../errors/as-error.ts'
import { withOutcome } from '../errors/outcome.ts'
import type { Done, Send } from '../execution/execution.ts'
import { Query } from '../nodes/query.ts'
import { isServerError } from '../platform/server-error.ts'
import { queryUnseen, type OwnAnswered, type OwnQuery } from '../platform/unseen.ts'
import type { Statement } from '../statement/statement.ts'
import { AnswerDigest, type Answer } from './answer-digest.ts'
import { staleTransactionError } from './stale-transaction.ts'
import type { PrimaryHold } from './primary-hold.ts'
import { FAILING, type Move, type Moved, type ReplicaTransaction } from './replica-transaction.ts'
import type { RouterPort } from './router-port.ts'
import type { Entry } from './transaction-log.ts'

export interface MoveToPrimaryOptions {
  readonly router: RouterPort
  readonly primary: PrimaryHold
  readonly transaction: ReplicaTransaction
  readonly move: Move
  /** Called when the transaction has left its replica. */
  readonly left: () => void
  /** Makes the client unusable, when its transaction is nowhere any more. */
  readonly cut: () => void
  readonly moved: Moved
}

/** The end of one statement: its error, if it has failed. */
type Over = (error: Error | undefined) => void

/**
 * Continues a transaction of a replica on the primary. Begins one there as soon as the primary shows what has been
 * seen, runs the statements of its log again, and compares their results. If that fails, the client is left in a
 * transaction that has failed.
 */
export class MoveToPrimary {
  readonly #options: MoveToPrimaryOptions
  readonly #begin: Statement
  readonly #beganAtMs: number

  constructor(options: MoveToPrimaryOptions) {
    this.#options = options
    this.#begin = options.move.log.begin
    this.#beganAtMs = options.router.platform.now()
  }

  start(): void {
    const { move, router, transaction } = this.#options
    const shown = router.sessions.proofs.shown(
      move.session,
      transaction.hasShown ? transaction.node : undefined,
    )
    if (shown === undefined) return this.#leave()
    shown.then(
      () => this.#leave(),
      (error: unknown) => this.#stay(asError(error)),
    )
  }

  /** The primary does not show in time what was seen. The transaction has failed where it is. */
  #stay(error: Error): void {
    const { move, moved, transaction } = this.#options
    move.leave?.()
    transaction.fail(error, () => moved(error), nothing)
  }

  /** Leaves the replica first: a client that waits for the primary must not hold what another one waits for. */
  #leave(): void {
    const { left, move, primary, transaction } = this.#options
    transaction.leave()
    left()
    if (move.leave !== undefined) primary.takePlace(move.leave)
    this.#runOwn('begin', move.log.beginText, (error) => (error ? this.#fail(error) : this.#repeat(0)))
  }

  #repeat(index: number): void {
    const { move, router } = this.#options
    const entry = move.log.entries[index]
    if (entry === undefined) return this.#arrive()
    let digest: AnswerDigest | undefined
    const send: Send = (client, done) => {
      if (entry.answer !== undefined) digest = new AnswerDigest(client, entry.isOrdered)
      queryUnseen(client, entry.query, done as OwnAnswered)
    }
    this.#run(entry.statement, entry.session, entry.query, send, (error) => {
      const isAnswered = error === undefined || isServerError(error)
      const answer = digest?.end(error)
      if (isAnswered && isSame(entry, error, answer)) return this.#repeat(index + 1)
      if (error !== undefined && (!isAnswered || entry.answer === undefined)) return this.#fail(error)
      move.log.noteFailure(router.beginnings)
      const { reason } = entry.statement
      this.#fail(
        staleTransactionError(move.log.kind, `A repeated statement (${reason}) gave another answer.`),
      )
    })
  }

  #arrive(): void {
    const { move, moved, router, transaction } = this.#options
    const { hasFailed, log, reason, statement } = move
    const isOptimistic = log.kind === 'optimistic' && reason === 'statement'
    if (isOptimistic && log.beginning !== undefined) router.beginnings.moved(log.beginning)
    router.tell('transactionMoved', {
      node: transaction.node.id,
      reason,
      statement: statement.reason,
      repeated: log.entries.length,
      durationMs: router.platform.now() - this.#beganAtMs,
    })
    if (hasFailed) this.#runOwn('savepoint', FAILING, () => moved(undefined))
    else moved(undefined)
  }

  /**
   * Leaves the client in a failed transaction without savepoints, so that nothing can continue it. Its results would
   * differ from those that it has returned.
   */
  #fail(error: Error): void {
    withOutcome(error, 'rolled-back')
    const { primary } = this.#options
    if (!primary.isInTransaction) return this.#end(error)
    this.#runOwn('rollback', 'rollback', () => {
      if (primary.isInTransaction) return this.#end(error)
      this.#runOwn('begin', this.#options.move.log.beginText, () =>
        this.#runOwn('savepoint', FAILING, () => this.#end(error)),
      )
    })
  }

  #end(error: Error): void {
    const { cut, moved, primary } = this.#options
    // Later statements must not run outside of the transaction that they belong to.
    if (!primary.isInTransaction) cut()
    moved(error)
  }

  /** Runs a statement that controls the transaction. */
  #runOwn(reason: Statement['reason'], text: string, over: Over): void {
    const statement: Statement = { ...this.#begin, reason }
    const send: Send = (client: PoolClient, done: Done) => queryUnseen(client, text, done as OwnAnswered)
    this.#run(statement, this.#options.move.session, text, send, over)
  }

  /** Calls `over` when the statement is answered and the server is ready for the next one. */
  #run(statement: Statement, session: MutableSession, query: OwnQuery, send: Send, over: Over): void {
    let failure: Error | undefined
    let awaited = 2
    const end = (): void => {
      awaited -= 1
      if (awaited === 0) over(failure)
    }
    const done: Done = (error) => {
      failure = error || undefined
      end()
    }
    const text = typeof query === 'string' ? query : query.text
    this.#options.primary.run(
      { statement, session, send, done, query: Query.sentOtherwise(text), mayMove: false },
      end,
    )
  }
}

function isSame({ answer: before }: Entry, error: Error | undefined, answer: Answer | undefined): boolean {
  return before === undefined ? error === undefined : before.digest === answer?.digest
}

function nothing(): void {}
