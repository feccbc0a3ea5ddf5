import { aborted, BackendTransaction, type Answered, type Values } from './backend-transaction.ts'
import type { Backend, Channel } from './network.ts'
import { questionOf } from './questions.ts'
import type { Random } from './random.ts'
import type { Server } from './server.ts'
import { controlOf } from './transaction-control.ts'
import {
  described,
  failed,
  message,
  MessageReader,
  parametersDescribed,
  ready,
  rowsOf,
  startupAnswer,
  suspendedAfter,
  type Answer,
  type Body,
  type Column,
  type ServerError,
} from '../support/wire.ts'

interface Portal {
  readonly text: string
  readonly values: Values
  /** The part of its answer that was not sent yet. Absent before it is executed. */
  rest?: Pick<Answer, 'command' | 'rows'>
}

const PARAMETERS = {
  server_version: '18.0',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
}

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
  readonly #portals = new Map<string, Portal>()
  readonly #transaction: BackendTransaction
  /** After an error, everything up to the next Sync is skipped. */
  #isSkipping = false
  #isBusy = false
  #isHungUp = false
  /** When the current statement has begun; `undefined` while idle. */
  busySinceMs: number | undefined

  constructor(server: Server, channel: Channel, random: Random) {
    this.#server = server
    this.#channel = channel
    this.#transaction = new BackendTransaction(server)
    processes += 1
    this.processID = processes
    this.#random = random.fork(String(this.processID))
  }

  /** Transaction id of what it changes. */
  get xid(): bigint | undefined {
    return this.#transaction.xid
  }

  get isWaitingForReplicas(): boolean {
    return this.#transaction.isWaitingForReplicas
  }

  get isIdle(): boolean {
    return !this.#isBusy && !this.#transaction.isOpen
  }

  received(chunk: Buffer): void {
    this.#server.later(0.01, () => {
      if (this.#transaction.isOver || this.#isHungUp) return
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
    this.#transaction.isOver = true
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
    if (this.#transaction.isOver) return
    this.#channel.tell(failed(terminated))
    this.#channel.close()
    this.#exit()
  }

  #exit(): void {
    if (this.#transaction.isOver) return
    this.#transaction.isOver = true
    this.#transaction.rollBack()
    this.#server.backends.delete(this)
  }

  #go(): void {
    while (!this.#isBusy && !this.#transaction.isOver) {
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
        const name = body.text()
        const text = this.#statements.get(body.text())
        if (text === undefined)
          return this.#fail({ code: '26000', message: 'prepared statement does not exist' })
        for (let formats = body.int16(); formats > 0; formats--) body.int16()
        const values = Array.from({ length: body.int16() }, () => body.value())
        this.#portals.set(name, { text, values })
        return this.#tell(message('2'))
      }
      case 'C':
        if (body.byte() === 'S') this.#statements.delete(body.text())
        else this.#portals.delete(body.text())
        return this.#tell(message('3'))
      case 'D': {
        const isStatement = body.byte() === 'S'
        if (isStatement) this.#tell(parametersDescribed())
        const name = body.text()
        const text = isStatement ? this.#statements.get(name) : this.#portals.get(name)?.text
        return this.#tell(described(this.#columnsOf(text ?? '')))
      }
      case 'E': {
        const portal = this.#portals.get(body.text())
        if (portal === undefined) return this.#fail({ code: '34000', message: 'portal does not exist' })
        const most = body.int32()
        if (portal.rest !== undefined) return this.#tell(partOf(portal, most))
        return this.#execute(portal.text, portal.values, (result) => {
          if ('error' in result) this.#fail(result.error)
          else {
            portal.rest = result
            this.#tell(partOf(portal, most))
          }
          this.#next()
        })
      }
    }
  }

  #simple(text: string): void {
    this.#execute(text, [], (result) => {
      if ('error' in result) this.#tell(failed(result.error))
      else {
        const columns = this.#columnsOf(text)
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
      this.#tell(ready(this.#transaction.status))
      this.#next()
    }
    const transaction = this.#transaction
    if (!transaction.isOpen || transaction.isImplicit) this.#portals.clear()
    if (!transaction.isImplicit) return readied()
    if (!transaction.hasFailed && !wasSkipping) return transaction.commit(readied)
    transaction.rollBack()
    readied()
  }

  #fail(error: ServerError): void {
    this.#transaction.fail()
    this.#isSkipping = true
    this.#tell(failed(error))
  }

  #tell(chunk: Buffer): void {
    if (!this.#isHungUp && !this.#transaction.isOver) this.#channel.tell(chunk)
  }

  /** Runs one statement. `answered` has to go on with the next message. */
  #execute(text: string, values: Values, answered: Answered): void {
    this.#isBusy = true
    this.busySinceMs = this.#server.cluster.time.nowMs
    const ms = this.#server.pace.statement(text, values, this.#random)
    this.#server.later(ms, () => {
      if (this.#transaction.isOver) return
      this.#run(text.replace(LIFTED_LIMITS, ''), values, (result) => {
        if (this.#transaction.isOver) return
        if ('error' in result) this.#transaction.fail()
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
    if (control?.type === 'deallocate') {
      this.#statements.delete(control.name)
      return answered({ command: 'DEALLOCATE' })
    }
    if (control !== undefined) return this.#transaction.control(control, answered)
    if (this.#transaction.hasFailed) return answered({ error: aborted })
    const question = questionOf(text)
    if (question !== undefined) {
      return answered(question.answer(this.#server, this.processID, values))
    }
    const statement = this.#server.cluster.statementOf(text)
    if (statement === undefined) throw new Error(`The simulated server does not know the statement: ${text}`)
    this.#transaction.work(statement, values, answered)
  }

  #columnsOf(text: string): readonly Column[] | undefined {
    const plain = text.replace(LIFTED_LIMITS, '')
    if (controlOf(plain) !== undefined) return undefined
    return questionOf(plain)?.columns ?? this.#server.cluster.statementOf(plain)?.columns
  }
}

/** Takes the next rows of a portal, at most so many; all of them for 0. */
function partOf(portal: Portal, most: number): Buffer {
  const { command = '', rows = [] } = portal.rest ?? {}
  if (most === 0 || rows.length < most) return rowsOf({ command, rows })
  portal.rest = { command, rows: rows.slice(most) }
  return suspendedAfter(rows.slice(0, most))
}
