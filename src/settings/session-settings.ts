import type { SessionState } from '../statement/session-state.ts'
import type { Statement } from '../statement/statement.ts'
import { Journal } from './journal.ts'
import { applied, operationOf, type Operation } from './operation.ts'
import { valueSql } from './value.ts'

/**
 * Reason that pins a session to its connection, as events and explanations show it.
 *
 * @example
 * pool.events.on('clientPinned', ({ pin }: { readonly pin: Pin }) => console.log(pin))
 */
export type Pin =
  | SessionState
  /** It has asked for its backend's process ID and may rely on that. */
  | 'backend'
  /** It has more settings than are kept. */
  | 'too-many-settings'

/** Result of a statement, with the server's state after it. */
export interface Ending {
  /** Whether a transaction was open before it. */
  readonly wasInTransaction: boolean
  /** Transaction status after the statement; absent when unknown. */
  readonly status: 'I' | 'T' | 'E' | null | undefined
  readonly isFailed: boolean
  /** The command that the server says it has run: ROLLBACK for a COMMIT that could only roll back. */
  readonly command: string | undefined
  /** Its result, as node-postgres returns it. */
  readonly result?: unknown
}

/**
 * The settings of one session, either of a client or of the pool itself, on top of a shared base. Settings of a
 * transaction count once it is committed. When the result of a statement is uncertain, the server has to be queried.
 */
export class SessionSettings {
  #base: Journal = Journal.empty
  #own: Journal = Journal.empty
  #journal: Journal = Journal.empty
  readonly #keepsResets: () => boolean
  readonly #pins = new Set<Pin>()
  /** Changes of the open transaction. */
  #pending: Operation[] = []
  readonly #uncertain = new Set<string>()

  /** @param keepsResets Whether connections may start with other values than the server's defaults. */
  constructor(keepsResets: () => boolean) {
    this.#keepsResets = keepsResets
  }

  /** Settings that a connection must have for this session. */
  get journal(): Journal {
    return this.#journal
  }

  /** Reasons that pin the session to its connection; empty when it is not pinned. */
  get pins(): ReadonlySet<Pin> {
    return this.#pins
  }

  /** Settings to query, when no transaction is open. */
  get uncertain(): readonly string[] {
    return [...this.#uncertain]
  }

  /** True when no server has to be asked what is set. */
  get isCertain(): boolean {
    return this.#uncertain.size === 0
  }

  /** Replaces the base. */
  rebase(base: Journal): void {
    if (base === this.#base) return
    this.#base = base
    this.#journal = this.#own.over(base)
  }

  /** Forgets the session's own changes. */
  forget(): void {
    this.#own = Journal.empty
    this.#journal = this.#base
  }

  pin(pin: Pin): void {
    this.#pins.add(pin)
  }

  unpin(pin: Pin): void {
    this.#pins.delete(pin)
  }

  /** Resets the pinned state when the connection is returned. */
  released(): void {
    if (this.#pins.size > 0) this.#pins.clear()
    if (this.#pending.length > 0) this.#pending = []
    if (!this.isCertain) this.#uncertain.clear()
    if (!this.#journal.isFull) return
    this.#own = Journal.empty
    this.#journal = this.#base
  }

  /** Pins the session by the state that a statement may leave, before it is sent. */
  starts({ leaves, leavesSessionState, settings }: Statement): void {
    if (!leavesSessionState) return
    for (const state of leaves ?? UNKNOWN)
      if (state !== 'setting' || settings === undefined) this.#pins.add(state)
  }

  ended(statement: Statement, values: readonly unknown[], ending: Ending): void {
    const { reason, multiple, kind, settings } = statement
    if (settings === undefined && this.#pending.length === 0 && this.isCertain) return
    const { command, isFailed, status, wasInTransaction } = ending
    const operations = this.#operationsOf(statement, values)
    const isControl = kind === 'transaction'
    if (isControl && multiple) {
      // The text may have started, ended or rolled back transactions.
      this.#doubt([...this.#pending, ...operations])
      this.#pending = []
    } else if (reason === 'savepoint') {
      if (command === 'ROLLBACK') this.#doubtPending()
    } else if (isControl && (reason === 'commit' || reason === 'rollback')) {
      this.#over(!isFailed && command === 'COMMIT')
    } else if (isControl && wasInTransaction && status === 'I') {
      this.#doubtPending()
    } else if (!isFailed) {
      this.#pending.push(...operations)
      if (!wasInTransaction && status === 'I') this.#over(true)
    } else if (!wasInTransaction && multiple) {
      // It may have been a part of it that failed, and part of it may have been committed.
      this.#doubt(operations)
    }
    if (status === 'I' && this.#pending.length > 0) this.#doubtPending()
  }

  /** Records the server's values of the `uncertain` settings. */
  answered(names: readonly string[], values: readonly (string | null | undefined)[]): void {
    for (const [index, name] of names.entries()) {
      this.#uncertain.delete(name)
      const value = values[index] ?? null
      if (value === null) this.#apply({ operation: 'remove', name })
      else this.#apply({ operation: 'put', name, sql: valueSql(name, value) })
    }
    this.#settle()
  }

  #operationsOf({ settings }: Statement, values: readonly unknown[]): readonly Operation[] {
    if (settings === undefined) return NONE
    const operations: Operation[] = []
    for (const change of settings) {
      const operation = operationOf(change, values)
      if (operation === undefined) this.#pins.add('setting')
      else operations.push(operation)
    }
    return operations
  }

  /**
   * The transaction has ended. If it was rolled back, settings that were uncertain within it are as they were before.
   */
  #over(isCommitted: boolean): void {
    const pending = this.#pending
    this.#pending = []
    if (!isCommitted) return this.#uncertain.clear()
    for (const operation of pending) this.#apply(operation)
    this.#settle()
  }

  #doubtPending(): void {
    this.#doubt(this.#pending)
    this.#pending = []
  }

  #doubt(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if ('name' in operation) this.#uncertain.add(operation.name)
      else for (const name of this.#journal.names()) this.#uncertain.add(name)
    }
  }

  #apply(operation: Operation): void {
    if (operation.operation === 'ask') {
      this.#uncertain.add(operation.name)
      return
    }
    if ('name' in operation) this.#uncertain.delete(operation.name)
    this.#own = applied(operation, this.#own, this.#base, this.#keepsResets())
    if (operation.operation === 'discard-all') this.#pins.clear()
    // Settings that the application made when it connected are gone too, but only on this connection.
    if (!('name' in operation) && this.#keepsResets()) this.#pins.add('setting')
  }

  #settle(): void {
    this.#journal = this.#own.over(this.#base)
    if (this.#journal.isFull) this.#pins.add('too-many-settings')
  }
}

const NONE: readonly Operation[] = []
const UNKNOWN: readonly SessionState[] = ['unknown']
