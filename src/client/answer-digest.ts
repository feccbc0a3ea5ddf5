import { createHash, hash, type Hash } from 'node:crypto'
import type { Connection, PoolClient } from 'pg'

/** The parts of node-postgres' messages that count. */
interface Described {
  readonly fields: readonly {
    readonly name: string
    readonly dataTypeID: number
    readonly dataTypeModifier: number
    readonly format: string
  }[]
}

/**
 * Limits of the rows that are compared. They have to be read again, and their values have to fit into memory once
 * more.
 */
const MOST_ROWS = 100_000
const MOST_CHARACTERS = 16 * 2 ** 20

/** Whether so many rows are too large to be compared. */
export function isTooLarge(rows: number, characters: number): boolean {
  return rows > MOST_ROWS || characters > MOST_CHARACTERS
}

/** An answer in a form that can be compared. */
export interface Answer {
  /** Hash of everything that the server has sent, and of its error. */
  readonly digest: string
  readonly rows: number
  /** Length of its rows as text, in characters. */
  readonly length: number
  /** False when rows came in binary form, which node-postgres decodes with losses. */
  readonly isComparable: boolean
}

/** Number of 32-bit sums of the hashes of rows whose order does not count. */
const SUMS = 8

/**
 * Computes a digest of the messages with which a server answers one statement, as they arrive: row description, rows
 * and command tag. The caller's own type parsers are not involved. Rows without ORDER BY may come in any order, so
 * their hashes are added.
 */
export class AnswerDigest {
  readonly #connection: Connection | undefined
  readonly #isOrdered: boolean
  readonly #sums = new Uint32Array(SUMS)
  readonly #list: Hash = createHash('sha256')
  #rows = 0
  #length = 0
  #isBinary = false
  #hasSeen: boolean

  /** Starts with the next message. */
  constructor({ connection }: PoolClient, isOrdered: boolean) {
    // A native client has none: nothing can be compared then.
    this.#connection = connection
    this.#isOrdered = isOrdered
    this.#hasSeen = connection === undefined
    const events: NodeJS.EventEmitter | undefined = this.#connection
    events?.on('rowDescription', this.#described)
    events?.on('dataRow', this.#row)
    events?.on('copyData', this.#copied)
    events?.on('commandComplete', this.#complete)
  }

  /** Whether the server may have answered. */
  get hasSeen(): boolean {
    return this.#hasSeen
  }

  /** Ends it. Errors count by their SQLSTATE and message. */
  end(error?: Error): Answer {
    const events: NodeJS.EventEmitter | undefined = this.#connection
    events?.off('rowDescription', this.#described)
    events?.off('dataRow', this.#row)
    events?.off('copyData', this.#copied)
    events?.off('commandComplete', this.#complete)
    if (error !== undefined) this.#add('error', [Reflect.get(error, 'code'), error.message])
    this.#list.update(this.#sums)
    return {
      digest: this.#list.digest('base64'),
      rows: this.#rows,
      length: this.#length,
      isComparable: events !== undefined && !this.#isBinary,
    }
  }

  readonly #described = ({ fields }: Described): void => {
    this.#hasSeen = true
    for (const { dataTypeID, dataTypeModifier, format, name } of fields) {
      if (format === 'binary') this.#isBinary = true
      this.#add('field', [name, dataTypeID, dataTypeModifier, format])
    }
  }

  readonly #row = ({ fields }: { readonly fields: readonly (string | null)[] }): void => {
    this.#count(JSON.stringify(fields))
  }

  readonly #copied = ({ chunk }: { readonly chunk: Buffer }): void => {
    this.#count(chunk.toString('latin1'))
  }

  readonly #complete = ({ text }: { readonly text: string }): void => {
    // Rows of the statements of one text do not mix.
    this.#list.update(this.#sums)
    this.#sums.fill(0)
    this.#add('tag', text)
  }

  #count(row: string): void {
    this.#hasSeen = true
    this.#rows += 1
    this.#length += row.length
    if (isTooLarge(this.#rows, this.#length)) return
    if (this.#isOrdered) return this.#add('row', row)
    const hashed = hash('sha256', row, 'buffer')
    for (let i = 0; i < SUMS; i++) this.#sums[i] = (this.#sums[i] ?? 0) + hashed.readUInt32LE(4 * i)
  }

  #add(what: string, value: unknown): void {
    this.#hasSeen = true
    this.#list.update(`${JSON.stringify([what, value])}\n`)
  }
}
