import type { PoolClient, TransactionStatus } from 'pg'
import { WriteLedger } from '../consistency/write-ledger.ts'
import { asError } from '../errors/as-error.ts'
import { withOutcome } from '../errors/outcome.ts'
import { hangUp } from '../execution/exclusive.ts'
import { fencedError } from '../execution/fenced-error.ts'
import type { Leased, PrimaryLease } from '../execution/writer.ts'
import { isBroken } from '../nodes/is-broken.ts'
import type { Trace } from '../nodes/trace.ts'
import type { Acquire } from '../settings/acquire.ts'
import { ClientSettings } from '../settings/client-settings.ts'
import type { Statement } from '../statement/statement.ts'
import { WITHOUT_TEXT } from '../statement/without-text.ts'
import { isFenced } from '../topology/snapshot.ts'
import { HeldPrimary } from './held-primary.ts'
import { PrimaryStatement, type PrimaryPort, type PrimaryRun } from './primary-statement.ts'
import type { RouterPort } from './router-port.ts'
import { CLOSED } from './words.ts'

/** The client that holds the connection. */
export interface Holder {
  /** Absent: the tier of the calling code's session. */
  readonly tier: string | undefined
  /** True when the client is closed: a connection that arrives now is returned. */
  isGivenUp(): boolean
  /** Runs `acquire` listeners on a borrowed connection. Absent without listeners. */
  acquire(): Acquire | undefined
  borrowed(client: PoolClient): void
  returned(client: PoolClient): void
  /** Fails the queued statements behind a failed one: they must not run without it. */
  failFollowers(error: Error): void
}

type Borrowed = (error: Error | undefined, held?: HeldPrimary) => void

/** The connection to the primary that a client borrows on first use, and the state that it holds there. */
export class PrimaryHold implements PrimaryPort {
  readonly router: RouterPort
  /** The client's settings, on any connection, and other state that it has left on this one. */
  readonly settings: ClientSettings
  readonly ledger: WriteLedger = new WriteLedger()
  readonly #holder: Holder
  #held: HeldPrimary | undefined
  /** Releases the slot of a read that runs on the primary in place of a replica. */
  #leavePlace: (() => void) | undefined

  constructor(router: RouterPort, holder: Holder) {
    this.router = router
    this.#holder = holder
    this.settings = new ClientSettings(router.settings, router.names, (pin) => {
      if (this.#held !== undefined) router.tell('clientPinned', { node: this.#held.node.id, pin })
    })
  }

  /** The connection, while there is one. */
  get held(): HeldPrimary | undefined {
    return this.#held
  }

  get isInTransaction(): boolean {
    return this.#held?.isInTransaction === true
  }

  /** True while every statement has to run here. */
  get isBound(): boolean {
    return this.isInTransaction || this.settings.isPinned
  }

  /** False if it may still run elsewhere as a read. */
  binds(text: string, values: readonly unknown[]): boolean {
    if (!this.isBound) return false
    const names = this.isInTransaction ? undefined : this.settings.temporaryNames
    return names === undefined || !this.router.names.standsApart(text, values, names)
  }

  get status(): TransactionStatus {
    return this.#held?.status ?? 'I'
  }

  /** Takes over `leave`, to be called when the next statement or the transaction that it opens has ended. */
  takePlace(leave: () => void): void {
    this.#leavePlace = leave
  }

  leave(): void {
    this.#leavePlace?.()
    this.#leavePlace = undefined
  }

  /**
   * Runs a statement and reads the transaction status after it; then calls `next`. One that may begin a transaction or
   * write waits until the primary shows what its session has seen.
   */
  run(run: PrimaryRun, next: () => void): void {
    const isFirst = run.statement.kind !== 'read' && !this.isInTransaction
    const seen = isFirst ? this.router.sessions.proofs.seenOnPrimary(run.session) : undefined
    const goOn = (): void => {
      const held = this.#held
      if (held !== undefined && this.#isUsable(held)) this.#runOn(held, run, next)
      else this.#runBorrowing(run, next)
    }
    if (seen === undefined) goOn()
    else seen.then(goOn).catch((error: unknown) => failUnsent(this, run, asError(error), next))
  }

  again(run: PrimaryRun, next: () => void): void {
    this.run({ ...run, mayMove: false }, next)
  }

  borrow(done: Borrowed, trace?: Trace): void {
    const held = this.#held
    if (held !== undefined) {
      if (this.#isUsable(held)) return done(undefined, held)
      if (this.isBound)
        return done(fencedError(held.node.id, held.begin?.state === 'held' ? 'not-sent' : 'rolled-back'))
      this.#drop(held, true)
    }
    const { executors, sessions } = this.router
    const tier = this.#holder.tier ?? sessions.context.current().tier
    const leased: Leased = (error, lease) => {
      if (lease === undefined) done(error)
      else this.#take(lease, done)
    }
    executors.named(tier).writer.lease(leased, this.settings.journal.custom, trace)
  }

  /** Returns the connection. Its uncommitted writes may have been committed. */
  giveBack(error: Error | boolean | undefined): void {
    if (this.#held !== undefined) this.#drop(this.#held, error)
  }

  /** Reports the writes that are left in the ledger. */
  settleAll(): void {
    const write = this.ledger.ended(WITHOUT_TEXT, 'I', 'none')
    if (write !== undefined) this.router.ended(write)
  }

  lose(held: HeldPrimary): void {
    if (this.#held === held) this.#drop(held, true)
  }

  /**
   * Statements queued behind a BEGIN or a SET were meant to run in its transaction or with its setting. They must not
   * run without it on another connection.
   */
  failFollowers({ kind, leavesSessionState, multiple }: Statement, error: Error): void {
    if (kind !== 'transaction' && !leavesSessionState && !multiple) return
    if (kind === 'transaction' && !multiple) withOutcome(error, 'rolled-back')
    this.#holder.failFollowers(error)
  }

  #runOn(
    held: HeldPrimary,
    run: PrimaryRun,
    next: () => void,
    schema = this.router.sessions.schema.number,
  ): void {
    new PrimaryStatement(this, held, run, next, schema).start()
  }

  #runBorrowing(run: PrimaryRun, next: () => void): void {
    // The schema may change while it waits for a connection.
    const schema = this.router.sessions.schema.number
    const { trace } = run.query
    const askedAtMs = this.router.platform.now()
    trace?.waits('connection')
    this.borrow((error, held) => {
      this.router.listener.waited('connection', askedAtMs, trace)
      if (held === undefined) failUnsent(this, run, error, next)
      else this.#runOn(held, run, next, schema)
    }, trace)
  }

  /**
   * False for a connection that is lost, or leads to an old primary. A broken connection reports by itself the state
   * that was lost with it.
   */
  #isUsable({ client, node }: HeldPrimary): boolean {
    return isBroken(client) ? this.isBound : !isFenced(this.router.cluster.snapshot, node)
  }

  #take(lease: PrimaryLease, done: Borrowed): void {
    const { client } = lease
    if (this.#holder.isGivenUp()) {
      client.release()
      return done(new Error(CLOSED))
    }
    let isReady = false
    let unwatch: (() => void) | undefined
    this.settings.borrowed(client, this.#holder.acquire(), (refusal) => {
      isReady = true
      unwatch?.()
      if (refusal !== undefined || this.#holder.isGivenUp()) {
        client.release(refusal)
        return done(refusal ?? new Error(CLOSED))
      }
      this.#holder.borrowed(client)
      const held = new HeldPrimary(lease)
      this.#held = held
      done(undefined, held)
    })
    // Nothing has been sent yet, so there is no need to wait for a dead server.
    if (!isReady) unwatch = lease.watch(() => hangUp(client))
  }

  #drop(held: HeldPrimary, error: Error | boolean | undefined): void {
    const { client } = held
    const { isInOwnTransaction } = held
    this.#held = undefined
    held.connection.close()
    this.#holder.returned(client)
    const leave = this.#leavePlace
    this.#leavePlace = undefined
    let isReleased = false
    let unwatch: (() => void) | undefined
    // The next read in the slot needs the permit that is given back with the connection.
    const release = (dirty: Error | boolean | undefined): void => {
      isReleased = true
      unwatch?.()
      client.release(dirty)
      leave?.()
    }
    if (error || isBroken(client)) {
      this.settings.released()
      release(error)
      if (error) hangUp(client)
      return
    }
    this.settings.returns(client, isInOwnTransaction, release)
    // A dead server never answers what cleans the connection up.
    if (!isReleased) unwatch = held.watch(() => hangUp(client))
  }
}

function failUnsent(
  hold: PrimaryHold,
  { done, statement }: PrimaryRun,
  error: Error | undefined,
  next: () => void,
): void {
  hold.leave()
  if (error !== undefined) hold.failFollowers(statement, error)
  try {
    done(error)
  } finally {
    next()
  }
}
