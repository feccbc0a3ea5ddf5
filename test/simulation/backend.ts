import type { Backend, Channel } from './network.ts'
import { questionOf } from './questions.ts'
import type { Random } from './random.ts'
import type { Server } from './server.ts'
import { statementOf, type Statement } from './statements.ts'
import { controlOf, type Control } from './transaction-control.ts'
import type { Change, State, Version } from './wal.ts'
import {
  described,
  failed,
  message,
  MessageReader,
  parametersDescribed,
  ready,
  rowsOf,
  startupAnswer,
  type Answer,
  type Body,
  type Column,
  type ServerError,
} from './wire.ts'

type Values = readonly (string | null)[]
type Result = Answer | { readonly error: ServerError }
type Answered = (result: Result) => void

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

interface Portal {
  readonly text: string
  readonly values: Values
}

const PARAMETERS = {
  server_version: '18.0',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
}

const refusal: ServerError = {
  code: '25006',
  message: 'cannot execute this in a read-only transaction',
  routine: 'PreventCommandIfReadOnly',
}
const aborted: ServerError = { code: '25P02', message: 'current transaction is aborted' }
const serialization: ServerError = {
  code: '40001',
  message: 'could not serialize access due to concurrent update',
}
const duplicate: ServerError = { code: '23505', message: 'duplicate key value violates unique constraint' }
const terminated: ServerError = { code: '57P01', message: 'terminating connection', severity: 'FATAL' }
const tooMany: ServerError = { code: '53300', message: 'sorry, too many clients already', severity: 'FATAL' }

/** What the library puts before its own questions, see `monitoring/without-limits.ts`. */
const LIFTED_LIMITS = /^(?:set local \w+ = 0; )+/i

let processes = 1000

/** Makes the next process ids those of a new schedule. */
export function resetProcesses(): void {
  processes = 1000
}

/** One server process: the protocol, and the transaction of one connection. */
export class ServerBackend implements Backend {
  readonly processID: number
  readonly #server: Server
  readonly #channel: Channel
  readonly #random: Random
  readonly #reader = new MessageReader()
  readonly #queue: { readonly type: string; readonly body: Body }[] = []
  readonly #statements = new Map<string, string>()
  #portal: Portal | undefined
  #transaction: Transaction | undefined
  /** After an error, everything up to the next Sync is skipped. */
  #isSkipping = false
  #isBusy = false
  #isOver = false
  #isHungUp = false
  /** When the current statement has begun; `undefined` while idle. */
  busySinceMs: number | undefined
  isWaitingForReplicas = false

  constructor(server: Server, channel: Channel, random: Random) {
    this.#server = server
    this.#channel = channel
    processes += 1
    this.processID = processes
    this.#random = random.fork(String(this.processID))
  }

  /** Transaction id of what it changes. */
  get xid(): bigint | undefined {
    return this.#transaction?.xid
  }

  get isIdle(): boolean {
    return !this.#isBusy && this.#transaction === undefined
  }

  received(chunk: Buffer): void {
    this.#server.later(0.01, () => {
      if (this.#isOver || this.#isHungUp) return
      for (const each of this.#reader.take(chunk)) this.#queue.push(each)
      this.#go()
    })
  }

  closed(): void {
    this.#server.later(0.01, () => {
      this.#isHungUp = true
      // What has arrived before may still be read.
      if (this.#random.chance(0.5)) this.#queue.length = 0
      if (!this.#isBusy) this.#exit()
    })
  }

  /** The server has ended, or is gone. */
  cut(how: 'killed' | 'fast' | 'vanished'): void {
    this.#isOver = true
    if (how === 'vanished') {
      const { cluster } = this.#server
      const stub: Backend = {
        // The machine is back, and knows nothing of the connection.
        received: () => void (this.#server.isVanished || this.#channel.reset()),
        closed: () => {},
      }
      this.#channel.backend = stub
      cluster.trace(`${this.#server.name} is gone`)
      return
    }
    if (how === 'killed') return this.#channel.reset()
    this.#channel.tell(failed(terminated))
    this.#channel.close()
  }

  /** An administrator ends this connection. */
  terminate(): void {
    if (this.#isOver) return
    this.#channel.tell(failed(terminated))
    this.#channel.close()
    this.#exit()
  }

  #exit(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#rollBack()
    this.#server.backends.delete(this)
  }

  #go(): void {
    while (!this.#isBusy && !this.#isOver) {
      const next = this.#queue.shift()
      if (next === undefined) {
        if (this.#isHungUp) this.#exit()
        return
      }
      this.#handle(next.type, next.body)
    }
  }

  #handle(type: string, body: Body): void {
    switch (type) {
      case 'startup':
        return this.#start(body)
      case 'X':
        this.#channel.close()
        return this.#exit()
      case 'Q':
        return this.#simple(body.text())
      case 'S':
        return this.#sync()
      case 'H':
        return
      case 'P':
      case 'B':
      case 'C':
      case 'D':
      case 'E':
        if (!this.#isSkipping) this.#extended(type, body)
        return
      default:
        throw new Error(`The simulated server does not know the message ${type}`)
    }
  }

  #start(body: Body): void {
    // A cancellation.
    if (body.int32() === 80_877_102) {
      this.#channel.close()
      return this.#exit()
    }
    if (this.#server.backends.size > this.#server.cluster.maxConnections) {
      this.#tell(failed(tooMany))
      this.#channel.close()
      return this.#exit()
    }
    this.#tell(startupAnswer(this.processID, PARAMETERS))
  }

  #extended(type: 'P' | 'B' | 'C' | 'D' | 'E', body: Body): void {
    switch (type) {
      case 'P': {
        const name = body.text()
        if (name !== '' && this.#statements.has(name)) {
          return this.#fail({ code: '42P05', message: 'prepared statement already exists' })
        }
        this.#statements.set(name, body.text())
        return this.#tell(message('1'))
      }
      case 'B': {
        body.text()
        const text = this.#statements.get(body.text())
        if (text === undefined)
          return this.#fail({ code: '26000', message: 'prepared statement does not exist' })
        for (let formats = body.int16(); formats > 0; formats--) body.int16()
        this.#portal = { text, values: Array.from({ length: body.int16() }, () => body.value()) }
        return this.#tell(message('2'))
      }
      case 'C':
        if (body.byte() === 'S') this.#statements.delete(body.text())
        return this.#tell(message('3'))
      case 'D':
        if (body.byte() === 'S') this.#tell(parametersDescribed())
        return this.#tell(described(columnsOf(this.#portal?.text ?? '')))
      case 'E': {
        const portal = this.#portal
        if (portal === undefined) throw new Error('Execute without Bind')
        return this.#execute(portal.text, portal.values, (result) => {
          if ('error' in result) this.#fail(result.error)
          else this.#tell(rowsOf(result))
          this.#next()
        })
      }
    }
  }

  #simple(text: string): void {
    this.#execute(text, [], (result) => {
      if ('error' in result) this.#tell(failed(result.error))
      else {
        const columns = columnsOf(text)
        if (columns !== undefined) this.#tell(described(columns))
        this.#tell(rowsOf(result))
      }
      this.#sync()
    })
  }

  /** Ends an implicit transaction, and tells that the next statement may come. */
  #sync(): void {
    const wasSkipping = this.#isSkipping
    this.#isSkipping = false
    this.#isBusy = true
    const readied = (): void => {
      this.#tell(ready(this.#status))
      this.#next()
    }
    const transaction = this.#transaction
    if (transaction === undefined || transaction.isExplicit) return readied()
    if (!transaction.hasFailed && !wasSkipping) return this.#commit(readied)
    this.#rollBack()
    readied()
  }

  get #status(): 'I' | 'T' | 'E' {
    if (this.#transaction?.isExplicit !== true) return 'I'
    return this.#transaction.hasFailed ? 'E' : 'T'
  }

  #fail(error: ServerError): void {
    if (this.#transaction !== undefined) this.#transaction.hasFailed = true
    this.#isSkipping = true
    this.#tell(failed(error))
  }

  #tell(chunk: Buffer): void {
    if (!this.#isHungUp && !this.#isOver) this.#channel.tell(chunk)
  }

  /** Runs one statement. `answered` has to go on with the next message. */
  #execute(text: string, values: Values, answered: Answered): void {
    this.#isBusy = true
    this.busySinceMs = this.#server.cluster.time.nowMs
    const ms = this.#random.between(0.02, 0.15) * this.#server.slowness
    this.#server.later(ms, () => {
      if (this.#isOver) return
      this.#run(text.replace(LIFTED_LIMITS, ''), values, (result) => {
        if (this.#isOver) return
        if ('error' in result && this.#transaction !== undefined) this.#transaction.hasFailed = true
        answered(result)
      })
    })
  }

  #next(): void {
    this.#isBusy = false
    this.busySinceMs = undefined
    this.#go()
  }

  #run(text: string, values: Values, answered: Answered): void {
    if (text === '') return answered({ command: '' })
    const control = controlOf(text)
    if (control !== undefined) return this.#control(control, answered)
    if (this.#transaction?.hasFailed === true) return answered({ error: aborted })
    const question = questionOf(text)
    if (question !== undefined) {
      return answered(question.answer(this.#server, this.processID, values))
    }
    const statement = statementOf(text)
    if (statement === undefined) throw new Error(`The simulated server does not know the statement: ${text}`)
    this.#transaction ??= begun({ isExplicit: false })
    this.#work(statement, values, this.#transaction, answered)
  }

  #control(control: Control, answered: Answered): void {
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
          this.#rollBack()
          return answered({ command: 'ROLLBACK' })
        }
        return this.#commit(() => answered({ command: 'COMMIT' }))
      case 'rollback':
        this.#rollBack()
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
      case 'deallocate':
        this.#statements.delete(control.name)
        return answered({ command: 'DEALLOCATE' })
    }
  }

  #work(statement: Statement, values: Values, transaction: Transaction, answered: Answered): void {
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
    if (this.#isOver) return
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

  #commit(committed: () => void): void {
    const transaction = this.#transaction
    if (transaction?.xid === undefined) {
      this.#unlock(transaction)
      this.#transaction = undefined
      return committed()
    }
    this.isWaitingForReplicas = true
    this.#server.commit(transaction.changes, transaction.xid, () => {
      this.isWaitingForReplicas = false
      if (this.#isOver) return
      this.#unlock(transaction)
      this.#transaction = undefined
      committed()
    })
  }

  #rollBack(): void {
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

function columnsOf(text: string): readonly Column[] | undefined {
  const plain = text.replace(LIFTED_LIMITS, '')
  if (controlOf(plain) !== undefined) return undefined
  return questionOf(plain)?.columns ?? statementOf(plain)?.columns
}
