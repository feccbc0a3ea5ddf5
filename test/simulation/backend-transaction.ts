import type { Server } from './server.ts'
import type { Statement } from './statements.ts'
import type { Control } from './transaction-control.ts'
import type { Change, State, Version } from './wal.ts'
import type { Answer, ServerError } from '../support/wire.ts'

export type Values = readonly (string | null)[]
type Result = Answer | { readonly error: ServerError }
export type Answered = (result: Result) => void
type TransactionControl = Exclude<Control, { readonly type: 'deallocate' }>

interface Transaction {
  isExplicit: boolean
  isReadOnly: boolean
  isRepeatable: boolean
  /** State that statements of a repeatable read see. */
  snapshot: State | undefined
  readonly changes: Change[]
  readonly locks: Set<string>
  readonly savepoints: { readonly name: string; readonly changes: number }[]
  xid?: bigint
  hasFailed: boolean
}

const refusal: ServerError = {
  code: '25006',
  message: 'cannot execute this in a read-only transaction',
  routine: 'PreventCommandIfReadOnly',
}
export const aborted: ServerError = { code: '25P02', message: 'current transaction is aborted' }
const serialization: ServerError = {
  code: '40001',
  message: 'could not serialize access due to concurrent update',
}
const duplicate: ServerError = { code: '23505', message: 'duplicate key value violates unique constraint' }

/** The transaction of one server process: what it sees, has changed and has locked. */
export class BackendTransaction {
  readonly #server: Server
  #transaction: Transaction | undefined
  /** The process has ended: whatever still waits for it goes nowhere. */
  isOver = false
  isWaitingForReplicas = false

  constructor(server: Server) {
    this.#server = server
  }

  /** Transaction id of what it changes. */
  get xid(): bigint | undefined {
    return this.#transaction?.xid
  }

  get isOpen(): boolean {
    return this.#transaction !== undefined
  }

  /** Whether it ends with the next Sync. */
  get isImplicit(): boolean {
    return this.#transaction?.isExplicit === false
  }

  get hasFailed(): boolean {
    return this.#transaction?.hasFailed === true
  }

  /** As ReadyForQuery tells it. */
  get status(): 'I' | 'T' | 'E' {
    if (this.#transaction?.isExplicit !== true) return 'I'
    return this.#transaction.hasFailed ? 'E' : 'T'
  }

  fail(): void {
    if (this.#transaction !== undefined) this.#transaction.hasFailed = true
  }

  /** Runs a statement that begins or ends the transaction. */
  control(control: TransactionControl, answered: Answered): void {
    const transaction = this.#transaction
    switch (control.type) {
      case 'begin': {
        if (this.#server.isStandby && control.isReadOnly === false) {
          return answered({
            error: { code: '0A000', message: 'cannot set transaction read-write mode during recovery' },
          })
        }
        const { isReadOnly = false, isRepeatable = false } = control
        if (transaction === undefined)
          this.#transaction = begun({ isReadOnly, isRepeatable, isExplicit: true })
        // Within a transaction it is but warned of.
        else if (!transaction.isExplicit)
          Object.assign(transaction, { isReadOnly, isRepeatable, isExplicit: true })
        return answered({ command: control.command })
      }
      case 'commit':
        if (transaction?.hasFailed === true) {
          this.rollBack()
          return answered({ command: 'ROLLBACK' })
        }
        return this.commit(() => answered({ command: 'COMMIT' }))
      case 'rollback':
        this.rollBack()
        return answered({ command: 'ROLLBACK' })
      case 'savepoint':
        if (transaction?.hasFailed === true) return answered({ error: aborted })
        transaction?.savepoints.push({ name: control.name, changes: transaction.changes.length })
        return answered({ command: 'SAVEPOINT' })
      case 'rollback-to':
      case 'release': {
        if (control.type === 'release' && transaction?.hasFailed === true) return answered({ error: aborted })
        const at = transaction?.savepoints.findLastIndex(({ name }) => name === control.name) ?? -1
        const savepoint = transaction?.savepoints[at]
        if (transaction === undefined || savepoint === undefined) {
          return answered({ error: { code: '3B001', message: 'savepoint does not exist' } })
        }
        if (control.type === 'rollback-to') {
          transaction.changes.length = savepoint.changes
          transaction.hasFailed = false
          transaction.savepoints.length = at + 1
          return answered({ command: 'ROLLBACK' })
        }
        transaction.savepoints.length = at
        return answered({ command: 'RELEASE' })
      }
    }
  }

  /** Runs a statement of a dozen, in the transaction or in an implicit one. */
  work(statement: Statement, values: Values, answered: Answered): void {
    const transaction = (this.#transaction ??= begun({ isExplicit: false }))
    const { answer, changes, isInsert = false, locks } = statement
    if (locks === undefined) return answered(answer(values, this.#view(transaction), []))
    if (this.#server.isStandby || transaction.isReadOnly) return answered({ error: refusal })
    const keys = locks(values, this.#view(transaction))
    this.#lock(keys, transaction, () => {
      if (transaction.isRepeatable && !isInsert && keys.some((key) => this.#isOutdated(key, transaction))) {
        return answered({ error: serialization })
      }
      const view = this.#view(transaction, true)
      const made = changes?.(values, view) ?? []
      if (made === 'duplicate') return answered({ error: duplicate })
      transaction.changes.push(...made)
      if (made.length > 0) transaction.xid ??= this.#server.beginTransaction().xid
      answered(answer(values, this.#view(transaction, true), made))
    })
  }

  /** The rows that a statement sees: those of its snapshot, with the changes of its own transaction. */
  #view(transaction: Transaction, isLatest = false): State {
    if (transaction.isRepeatable) transaction.snapshot ??= this.#server.state
    const base = (isLatest ? undefined : transaction.snapshot) ?? this.#server.state
    if (transaction.changes.length === 0) return base
    const view = new Map<string, Version>(base)
    const record = this.#server.wal[0]
    if (record === undefined) throw new Error('A server has no WAL')
    for (const { key, value } of transaction.changes) view.set(key, { value, record })
    return view
  }

  #isOutdated(key: string, { snapshot }: Transaction): boolean {
    return snapshot !== undefined && snapshot.get(key) !== this.#server.state.get(key)
  }

  #lock(keys: readonly string[], transaction: Transaction, locked: () => void): void {
    if (this.isOver) return
    const held = this.#server.locks
    const key = keys.find((each) => !transaction.locks.has(each))
    if (key === undefined) return locked()
    const lock = held.get(key)
    if (lock !== undefined) {
      lock.waiting.push(() => this.#lock(keys, transaction, locked))
      return
    }
    held.set(key, { owner: this, waiting: [] })
    transaction.locks.add(key)
    this.#lock(keys, transaction, locked)
  }

  commit(committed: () => void): void {
    const transaction = this.#transaction
    if (transaction?.xid === undefined) {
      this.#unlock(transaction)
      this.#transaction = undefined
      return committed()
    }
    this.isWaitingForReplicas = true
    this.#server.commit(transaction.changes, transaction.xid, () => {
      this.isWaitingForReplicas = false
      if (this.isOver) return
      this.#unlock(transaction)
      this.#transaction = undefined
      committed()
    })
  }

  rollBack(): void {
    const transaction = this.#transaction
    this.#transaction = undefined
    if (transaction?.xid !== undefined) this.#server.endTransaction(transaction.xid)
    this.#unlock(transaction)
  }

  #unlock(transaction: Transaction | undefined): void {
    for (const key of transaction?.locks ?? []) {
      const lock = this.#server.locks.get(key)
      if (lock?.owner !== this) continue
      this.#server.locks.delete(key)
      for (const waiting of lock.waiting) this.#server.later(0.01, waiting)
    }
  }
}

function begun({ isReadOnly = false, isRepeatable = false, isExplicit }: Partial<Transaction>): Transaction {
  return {
    isExplicit: isExplicit ?? false,
    isReadOnly,
    isRepeatable,
    snapshot: undefined,
    changes: [],
    locks: new Set(),
    savepoints: [],
    hasFailed: false,
  }
}
