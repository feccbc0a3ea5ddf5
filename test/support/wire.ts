/** An error as a server sends it. `routine` is the function of the server that raises it. */
export interface ServerError {
  readonly code: string
  readonly message: string
  readonly routine?: string
  readonly severity?: 'ERROR' | 'FATAL'
}

/** A column of a result: its name and the OID of its type. */
export interface Column {
  readonly name: string
  readonly type: number
}

/** The answer to one statement. */
export interface Answer {
  readonly command: string
  readonly columns?: readonly Column[]
  readonly rows?: readonly (readonly (string | null)[])[]
}

/** Cuts what a client sends into messages. */
export class MessageReader {
  #received: Buffer = Buffer.alloc(0)
  /** The first message has no type. */
  #isStarted = false

  take(chunk: Buffer): readonly { readonly type: string; readonly body: Body }[] {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const messages: { type: string; body: Body }[] = []
    for (;;) {
      const start = this.#isStarted ? 1 : 0
      if (this.#received.length < start + 4) return messages
      const end = start + this.#received.readInt32BE(start)
      if (this.#received.length < end) return messages
      const type = this.#isStarted ? String.fromCharCode(this.#received[0] ?? 0) : 'startup'
      messages.push({ type, body: new Body(this.#received.subarray(start + 4, end)) })
      this.#received = this.#received.subarray(end)
      this.#isStarted = true
    }
  }
}

/** Reads the fields of one message. */
export class Body {
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

  byte(): string {
    this.#at += 1
    return String.fromCharCode(this.#bytes[this.#at - 1] ?? 0)
  }

  int16(): number {
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  value(): string | null {
    const length = this.int32()
    if (length < 0) return null
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }
}

export function ready(status: string): Buffer {
  return message('Z', Buffer.from(status))
}

export function startupAnswer(processID: number, parameters: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([
    message('R', int32(0)),
    ...Object.entries(parameters).map(([name, value]) => message('S', text(name), text(value))),
    message('K', int32(processID), int32(processID)),
    ready('I'),
  ])
}

export function described(columns: readonly Column[] | undefined): Buffer {
  if (columns === undefined) return message('n')
  const fields = columns.map(({ name, type }) =>
    Buffer.concat([text(name), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)]),
  )
  return message('T', int16(columns.length), ...fields)
}

export function parametersDescribed(): Buffer {
  return message('t', int16(0))
}

export function rowsOf({ command, rows = [] }: Pick<Answer, 'command' | 'rows'>): Buffer {
  // The answer to an empty text.
  if (command === '') return message('I')
  return Buffer.concat([...dataOf(rows), message('C', text(command))])
}

/** Some rows of an answer of which more may follow. */
export function suspendedAfter(rows: NonNullable<Answer['rows']>): Buffer {
  return Buffer.concat([...dataOf(rows), message('s')])
}

function dataOf(rows: NonNullable<Answer['rows']>): readonly Buffer[] {
  return rows.map((row) =>
    message('D', int16(row.length), ...row.map((value) => (value === null ? int32(-1) : sized(value)))),
  )
}

export function failed({ code, message: told, routine, severity = 'ERROR' }: ServerError): Buffer {
  const fields = {
    S: severity,
    V: severity,
    C: code,
    M: told,
    ...(routine === undefined ? {} : { R: routine }),
  }
  return message('E', ...Object.entries(fields).map(([field, value]) => text(field + value)), Buffer.alloc(1))
}

export function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 4)
  return Buffer.concat([Buffer.from(type), int32(length), ...parts], length + 1)
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
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
