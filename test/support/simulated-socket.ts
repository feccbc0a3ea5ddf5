import { Duplex } from 'node:stream'

/** The answer to a text: rows of text, or the error of the server. */
export type Answer =
  | {
      readonly command: string
      readonly columns: readonly string[]
      readonly rows: readonly (readonly (string | null)[])[]
    }
  | { readonly error: ServerError }

/** An error as a server sends it. `routine` is the function of the server that raises it. */
export interface ServerError {
  readonly code: string
  readonly message: string
  readonly routine?: string
}

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
  #received = Buffer.alloc(0)
  #backend: Backend | undefined
  #portal: Portal | undefined
  #answer: Answer | undefined
  /** After an error, everything up to the next Sync is skipped. */
  #isSkipping = false
  #isStarted = false
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
    this.#received = Buffer.concat([this.#received, chunk])
    this.#takeMessages()
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

  #takeMessages(): void {
    for (;;) {
      // The first message has no type.
      const start = this.#isStarted ? 1 : 0
      if (this.#received.length < start + 4) break
      const end = start + this.#received.readInt32BE(start)
      if (this.#received.length < end) break
      const type = this.#isStarted ? String.fromCharCode(this.#received[0] ?? 0) : 'startup'
      const body = new Body(this.#received.subarray(start + 4, end))
      this.#received = this.#received.subarray(end)
      this.#isStarted = true
      this.#steps.push((next) => this.#handle(type, body, next))
    }
    if (!this.#isBusy) this.#go()
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
      else if (type === 'C') this.#tell('3')
      else if (type === 'D' || type === 'E') return this.#extended(type, next)
    }
    next()
  }

  #start(): void {
    this.#tell('R', int32(0))
    this.#tell('S', text('server_version'), text('18.0'))
    this.#tell('K', int32(this.#backend?.processID ?? 0), int32(0))
    this.#ready()
  }

  #parse(body: Body): void {
    this.#statements.set(body.text(), body.text())
    this.#tell('1')
  }

  #bind(body: Body): void {
    body.text()
    const name = body.text()
    for (let formats = body.int16(); formats > 0; formats--) body.int16()
    const values = Array.from({ length: body.int16() }, () => body.value())
    this.#portal = { text: this.#statements.get(name) ?? '', values }
    this.#answer = undefined
    this.#tell('2')
  }

  /** Describe and Execute: whichever comes first runs the text. */
  #extended(type: 'D' | 'E', next: () => void): void {
    const show = (answer: Answer): void => {
      const isFirst = this.#answer === undefined
      this.#answer = answer
      if ('error' in answer) {
        if (isFirst) this.#fail(answer.error)
        this.#isSkipping = true
      } else if (type === 'D') this.#describe(answer)
      else this.#rows(answer)
      next()
    }
    if (this.#answer !== undefined) show(this.#answer)
    else if (this.#portal !== undefined) this.#run(this.#portal, show)
  }

  #simple(answer: Answer, next: () => void): void {
    if ('error' in answer) this.#fail(answer.error)
    else {
      if (answer.columns.length > 0) this.#describe(answer)
      this.#rows(answer)
    }
    this.#ready()
    next()
  }

  #run(portal: Portal, answered: (answer: Answer) => void): void {
    this.#backend?.run(portal.text, portal.values, answered)
  }

  #ready(): void {
    this.#isSkipping = false
    this.#tell('Z', Buffer.from(this.#backend?.status ?? 'I'))
  }

  #describe({ columns }: Exclude<Answer, { error: unknown }>): void {
    if (columns.length === 0) return this.#tell('n')
    const fields = columns.map((name) =>
      Buffer.concat([text(name), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)]),
    )
    this.#tell('T', int16(columns.length), ...fields)
  }

  #rows({ command, rows }: Exclude<Answer, { error: unknown }>): void {
    for (const row of rows) {
      const values = row.map((value) => (value === null ? int32(-1) : sized(value)))
      this.#tell('D', int16(row.length), ...values)
    }
    this.#tell('C', text(command))
  }

  #fail({ code, message, routine }: ServerError): void {
    const fields = {
      S: 'ERROR',
      V: 'ERROR',
      C: code,
      M: message,
      ...(routine === undefined ? {} : { R: routine }),
    }
    const told = Object.entries(fields).map(([field, value]) => text(field + value))
    this.#tell('E', ...told, Buffer.alloc(1))
  }

  #tell(type: string, ...parts: readonly Buffer[]): void {
    const body = Buffer.concat(parts)
    if (!this.destroyed) this.push(Buffer.concat([Buffer.from(type), int32(body.length + 4), body]))
  }
}

/** Reads the fields of one message. */
class Body {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  text(): string {
    const end = this.#bytes.indexOf(0, this.#at)
    const value = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end + 1
    return value
  }

  int16(): number {
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }

  value(): string | null {
    const length = this.#bytes.readInt32BE(this.#at)
    this.#at += 4
    if (length < 0) return null
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
}

function sized(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([int32(bytes.length), bytes])
}
