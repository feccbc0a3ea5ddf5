import { LRUCache } from 'lru-cache'
import type { PoolClient } from 'pg'
import { NOTHING, type SideQuery } from './exchange.ts'
import type { TextRecord } from './shape-book.ts'

/** The names that node-postgres has sent over a connection, with their texts. */
interface Names {
  readonly parsedStatements: Record<string, string>
  readonly submittedNamedStatements: Record<string, string>
}

interface Known {
  readonly name: string
  /** `false` while the first run with that name is in flight. */
  isReady: boolean
}

/** The prepared statements of one connection, evicted in LRU order. All belong to one schema. */
export class PreparedStatements {
  readonly #names: Names | undefined
  readonly #known: LRUCache<string, Known>
  readonly #unneeded: SideQuery[] = []
  #schema: string | undefined

  constructor(client: PoolClient, max: number) {
    // Native clients have no such connection and use no names.
    this.#names = (client as unknown as { readonly connection?: Names }).connection
    this.#known = new LRUCache({
      max,
      dispose: ({ name }, _text, reason) => {
        if (reason === 'evict') this.#drop(name)
      },
    })
  }

  /** True when another name would evict one. */
  get isFull(): boolean {
    return this.#known.size >= this.#known.max
  }

  has(record: TextRecord): boolean {
    return this.#known.has(record.name)
  }

  /**
   * Returns the name for the next run of this text; `undefined` to run without one.
   * @param schema Part of each name, so that a statement that was parsed with another schema is never used.
   */
  nameFor(record: TextRecord, schema: string): string | undefined {
    if (this.#names === undefined) return undefined
    if (schema !== this.#schema) this.#begin(schema)
    const known = this.#known.get(record.name)
    // Other runs may use the name only after the server has accepted it.
    if (known !== undefined) return known.isReady ? known.name : undefined
    const name = `${record.name}_${schema}`
    this.#known.set(record.name, { name, isReady: false })
    return name
  }

  /** Records that a run with that name has succeeded, or failed for another reason. */
  ran(record: TextRecord, name: string): void {
    const known = this.#known.peek(record.name)
    if (known?.name !== name || known.isReady) return
    if (this.#isParsed(name)) known.isReady = true
    else this.#known.delete(record.name)
  }

  /** Records that a run with that name has failed, possibly because of the name. */
  lost(record: TextRecord, name: string, loss: NameLoss): void {
    const known = this.#known.peek(record.name)
    // Other runs in flight with that name fail in the same way.
    if (known?.name !== name) return
    if (loss === 'taken') {
      known.isReady = true
      if (this.#names !== undefined) this.#names.parsedStatements[name] = record.text
      return
    }
    if (loss === 'failed') {
      this.#known.delete(record.name)
      if (this.#isParsed(name)) this.#drop(name)
      return
    }
    const lost = known.isReady ? [...this.#known.entries()] : [[record.name, known] as const]
    for (const [text, each] of lost) {
      this.#known.delete(text)
      this.#forget(each.name)
    }
  }

  /**
   * Removes and returns the statements that deallocate evicted names. They have to be sent over the connection, now or
   * later.
   */
  takeDeallocations(): readonly SideQuery[] {
    return this.#unneeded.length === 0 ? NOTHING : this.#unneeded.splice(0)
  }

  #begin(schema: string): void {
    this.#schema = schema
    for (const { name } of this.#known.values()) this.#drop(name)
    this.#known.clear()
  }

  #isParsed(name: string): boolean {
    return this.#names !== undefined && name in this.#names.parsedStatements
  }

  #drop(name: string): void {
    this.#forget(name)
    this.#unneeded.push({ ask: { text: `deallocate ${name}` } })
  }

  #forget(name: string): void {
    if (this.#names === undefined) return
    delete this.#names.parsedStatements[name]
    delete this.#names.submittedNamedStatements[name]
  }
}

/** The meaning of an error for a name that was sent. */
export type NameLoss =
  /** The server does not know it: another client has deallocated it, or it is another server. */
  | 'unknown'
  /** The server already has it from another client, with the same text. */
  | 'taken'
  /** The statement failed, possibly because of a change since it was prepared. */
  | 'failed'

interface PostgresError extends Error {
  readonly code?: string | undefined
  readonly severity?: string | undefined
  /** The server function that raised the error. */
  readonly where?: string | undefined
}

/**
 * Classes of errors with causes other than the name. These are connection (08), transaction state (25), conflicts (40),
 * resources (53), locks (55P03), cancellation and shutdown (57), and system errors (58).
 */
const NOT_OF_THE_STATEMENT = /^(?:08|25|40|53|55P03|57|58)/

/** Returns what the error of a run means for its name; `undefined` when the name cannot be the cause. */
export function nameLossOf({ code, severity, where }: PostgresError): NameLoss | undefined {
  // Without a severity it is not a server error. Severities other than these two may be translated.
  if (code === undefined || severity === undefined || severity === 'FATAL' || severity === 'PANIC')
    return undefined
  // An error from inside a function concerns another name.
  if (code === '26000' && where === undefined) return 'unknown'
  if (code === '42P05' && where === undefined) return 'taken'
  return NOT_OF_THE_STATEMENT.test(code) ? undefined : 'failed'
}
