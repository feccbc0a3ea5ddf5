import { Duplex } from 'node:stream'
import {
  described,
  failed,
  message,
  MessageReader,
  ready,
  rowsOf,
  startupAnswer,
  type Body,
  type Column,
  type ServerError,
} from './wire.ts'

/** The answer to a text: rows of text, or the error of the server. */
export type Answer =
  | {
      readonly command: string
      readonly columns: readonly string[]
      readonly rows: readonly (readonly (string | null)[])[]
    }
  | { readonly error: ServerError }

/** One session of a simulated server. */
export interface Backend {
  readonly processID: number
  /** As ReadyForQuery tells it: idle, in a transaction, in a failed one. */
  readonly status: 'I' | 'T' | 'E'
  /** Told the type of each message of the client, as the protocol names it: P, B, D, E, S, Q. */
  heard(type: string): void
  /** Calls back with the answer to a text, unless the server is silent. */
  run(text: string, values: readonly (string | null)[], answered: (answer: Answer) => void): void
  /** The client has closed the connection. */
  closed(): void
}

/** How a socket reaches a server. */
export interface Reach {
  /** Calls back with a session, or with why there is none; never, where the server is silent. */
  accept(socket: SimulatedSocket, host: string, accepted: (backend: Backend | Error) => void): void
}

interface Portal {
  readonly text: string
  readonly values: readonly (string | null)[]
}

type Step = (next: () => void) => void

/** A socket to a simulated server, which speaks PostgreSQL's protocol as far as node-postgres uses it without COPY and TLS. */
export class SimulatedSocket extends Duplex {
  readonly bytesRead = 0
  readonly #reach: Reach
  readonly #statements = new Map<string, string>()
  readonly #steps: Step[] = []
  readonly #reader = new MessageReader()
  #backend: Backend | undefined
  #portal: Portal | undefined
  #answer: Answer | undefined
  /** After an error, everything up to the next Sync is skipped. */
  #isSkipping = false
  #isBusy = false

  constructor(reach: Reach) {
    super()
    this.#reach = reach
  }

  connect(_port: number, host: string): void {
    this.#reach.accept(this, host, (backend) => {
      if (this.destroyed) return
      if (backend instanceof Error) {
        this.destroy(backend)
        return
      }
      this.#backend = backend
      this.emit('connect')
    })
  }

  setNoDelay(): void {}
  setKeepAlive(): void {}
  ref(): void {}
  unref(): void {}

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const { body, type } of this.#reader.take(chunk))
      this.#steps.push((next) => this.#handle(type, body, next))
    if (!this.#isBusy) this.#go()
    done()
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#backend?.closed()
    done(error)
  }

  /** Messages are handled one after the other, each when the one before is answered. */
  #go(): void {
    const step = this.#steps.shift()
    this.#isBusy = step !== undefined
    step?.(() => this.#go())
  }

  #handle(type: string, body: Body, next: () => void): void {
    this.#backend?.heard(type)
    if (type === 'startup') this.#start()
    else if (type === 'Q')
      return this.#run({ text: body.text(), values: [] }, (answer) => this.#simple(answer, next))
    else if (type === 'S') this.#ready()
    else if (!this.#isSkipping) {
      if (type === 'P') this.#parse(body)
      else if (type === 'B') this.#bind(body)
      else if (type === 'C') this.#tell(message('3'))
      else if (type === 'D' || type === 'E') return this.#extended(type, next)
    }
    next()
  }

  #start(): void {
    this.#tell(startupAnswer(this.#backend?.processID ?? 0, { server_version: '18.0' }))
  }

  #parse(body: Body): void {
    this.#statements.set(body.text(), body.text())
    this.#tell(message('1'))
  }

  #bind(body: Body): void {
    body.text()
    const name = body.text()
    for (let formats = body.int16(); formats > 0; formats--) body.int16()
    const values = Array.from({ length: body.int16() }, () => body.value())
    this.#portal = { text: this.#statements.get(name) ?? '', values }
    this.#answer = undefined
    this.#tell(message('2'))
  }

  /** Describe and Execute: whichever comes first runs the text. */
  #extended(type: 'D' | 'E', next: () => void): void {
    const show = (answer: Answer): void => {
      const isFirst = this.#answer === undefined
      this.#answer = answer
      if ('error' in answer) {
        if (isFirst) this.#tell(failed(answer.error))
        this.#isSkipping = true
      } else this.#tell(type === 'D' ? described(columnsOf(answer)) : rowsOf(answer))
      next()
    }
    if (this.#answer !== undefined) show(this.#answer)
    else if (this.#portal !== undefined) this.#run(this.#portal, show)
  }

  #simple(answer: Answer, next: () => void): void {
    if ('error' in answer) this.#tell(failed(answer.error))
    else {
      if (answer.columns.length > 0) this.#tell(described(columnsOf(answer)))
      this.#tell(rowsOf(answer))
    }
    this.#ready()
    next()
  }

  #run(portal: Portal, answered: (answer: Answer) => void): void {
    this.#backend?.run(portal.text, portal.values, answered)
  }

  #ready(): void {
    this.#isSkipping = false
    this.#tell(ready(this.#backend?.status ?? 'I'))
  }

  #tell(bytes: Buffer): void {
    if (!this.destroyed) this.push(bytes)
  }
}

/** All columns are text. */
function columnsOf({ columns }: Exclude<Answer, { error: unknown }>): readonly Column[] | undefined {
  return columns.length === 0 ? undefined : columns.map((name) => ({ name, type: 25 }))
}
