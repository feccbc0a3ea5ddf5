import type { SessionState } from '../statement/session-state.ts'
import type { Statement } from '../statement/statement.ts'
import { Journal } from './journal.ts'
import { applied, operationOf, type Operation } from './operation.ts'
import { valueSql } from './value.ts'

/** Why a session stays on its connection. A closed union: events and explanations read this one value. */
export type Pin =
  | SessionState
  /** It has asked for its backend, and what follows may be meant for that. */
  | 'backend'
  /** More settings than are kept. */
  | 'too-many-settings'

/** What became of a statement, as the server says it once it is ready for the next one. */
export interface Ending {
  /** Whether a transaction was open before it. */
  readonly wasInTransaction: boolean
  /** What the server says now; absent when it is not known. */
  readonly status: 'I' | 'T' | 'E' | null | undefined
  readonly isFailed: boolean
  /** The command that the server says it has run: ROLLBACK for a COMMIT that could only roll back. */
  readonly command: string | undefined
  /** What it has given, as node-postgres has it. */
  readonly result?: unknown
}

/**
 * The settings of one session, be it a client or the pool itself, on top of a base that others share with it. What is set in
 * a transaction counts when that is committed. Where it is not certain what is left, the server is to be asked.
 */
export class SessionSettings {
  #base: Journal = Journal.empty
  #own: Journal = Journal.empty
  #journal: Journal = Journal.empty
  readonly #keepsResets: () => boolean
  readonly #pins = new Set<Pin>()
  /** Of the transaction that is open. */
  #pending: Operation[] = []
  readonly #uncertain = new Set<string>()

  /** @param keepsResets Whether connections may begin with something else than the server would. */
  constructor(keepsResets: () => boolean) {
    this.#keepsResets = keepsResets
  }

  /** What a connection has to have set for this session. */
  get journal(): Journal {
    return this.#journal
  }

  /** Why the session stays on its connection; none when it need not. */
  get pins(): ReadonlySet<Pin> {
    return this.#pins
  }

  /** Settings to ask the server for, now that no transaction is open. */
  get uncertain(): readonly string[] {
    return [...this.#uncertain]
  }

  /** Another base from now on. */
  rebase(base: Journal): void {
    if (base === this.#base) return
    this.#base = base
    this.#journal = this.#own.over(base)
  }

  pin(pin: Pin): void {
    this.#pins.add(pin)
  }

  unpin(pin: Pin): void {
    this.#pins.delete(pin)
  }

  /** The connection is given back, and with it all that could not be had elsewhere. */
  released(): void {
    this.#pins.clear()
    this.#pending = []
    this.#uncertain.clear()
    if (!this.#journal.isFull) return
    this.#own = Journal.empty
    this.#journal = this.#base
  }

  /** Before a statement is sent: what it may leave binds from now on. */
  starts({ leaves, leavesSessionState, settings }: Statement): void {
    if (!leavesSessionState) return
    for (const state of leaves ?? UNKNOWN)
      if (state !== 'setting' || settings === undefined) this.#pins.add(state)
  }

  ended(statement: Statement, values: readonly unknown[], ending: Ending): void {
    const { reason, multiple, kind } = statement
    const { command, isFailed, status, wasInTransaction } = ending
    const operations = this.#operationsOf(statement, values)
    const isControl = kind === 'transaction'
    if (isControl && multiple) {
      // What it began, ended and went back to is not known.
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

  /** What the server has said of `uncertain`. */
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

  /** The transaction has ended. What was in doubt within one that was rolled back is as it was before. */
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
    // What the application has set when it connected is gone too, here and nowhere else.
    if (!('name' in operation) && this.#keepsResets()) this.#pins.add('setting')
  }

  #settle(): void {
    this.#journal = this.#own.over(this.#base)
    if (this.#journal.isFull) this.#pins.add('too-many-settings')
  }
}

const NONE: readonly Operation[] = []
const UNKNOWN: readonly SessionState[] = ['unknown']
