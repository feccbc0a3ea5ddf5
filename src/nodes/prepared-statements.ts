import { LRUCache } from 'lru-cache'
import type { PoolClient } from 'pg'
import type { TextRecord } from './shape-book.ts'

/** What node-postgres keeps of the names that it has sent over a connection, by name. */
interface Names {
  readonly parsedStatements: Record<string, string>
  readonly submittedNamedStatements: Record<string, string>
}

interface PostgresError extends Error {
  readonly code?: string | undefined
  readonly routine?: string | undefined
  /** In which function it happened. */
  readonly where?: string | undefined
}

/** What an error says of a name that was sent. */
export type NameLoss =
  /** The server does not know it (any more): somebody else deallocates over this connection, or it is not the same server. */
  | 'unknown'
  /** The server knows it already, from somebody else: it means the same text there. */
  | 'taken'
  /** What it answers with has changed its type since it was prepared. */
  | 'outdated'

/** The names that one connection knows, the least recently used first to go. */
export class PreparedStatements {
  readonly #names: Names | undefined
  /** `false` while the first run with that name is under way. */
  readonly #known: LRUCache<string, boolean>
  readonly #unneeded: string[] = []

  constructor(client: PoolClient, max: number) {
    // Native clients have no such connection: nothing gets a name there.
    this.#names = (client as unknown as { readonly connection?: Names }).connection
    this.#known = new LRUCache({
      max,
      dispose: (_isReady, name, reason) => {
        if (reason === 'evict') this.#drop(name)
      },
    })
  }

  /** True when one more name pushes out another. */
  get isFull(): boolean {
    return this.#known.size >= this.#known.max
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  /** The name for the next run of this text; `undefined` when it is to run without. */
  nameFor({ plan, name }: TextRecord): string | undefined {
    if (plan === undefined || !plan.wantsName || this.#names === undefined) return undefined
    const isReady = this.#known.get(name)
    if (isReady === true) return name
    // Until the server has taken it nobody else may rely on it.
    if (isReady === false) return undefined
    this.#known.set(name, false)
    return name
  }

  /** A run with that name has been answered, or has failed by itself. */
  ran(name: string): void {
    if (this.#known.peek(name) !== false) return
    const isParsed = this.#names !== undefined && name in this.#names.parsedStatements
    if (isParsed) this.#known.set(name, true)
    else this.#known.delete(name)
  }

  /** A run with that name has failed because of the name. */
  lost({ name, text }: TextRecord, loss: NameLoss): void {
    const wasReady = this.#known.peek(name) === true
    if (loss === 'taken') {
      this.#known.set(name, true)
      if (this.#names !== undefined) this.#names.parsedStatements[name] = text
      return
    }
    // Others that were under way with that name fail in the same way, and it may have been given anew meanwhile.
    if (loss === 'outdated') {
      if (!wasReady) return
      this.#known.delete(name)
      return this.#drop(name)
    }
    const lost = wasReady ? [...this.#known.keys()] : [name]
    for (const each of lost) {
      this.#known.delete(each)
      this.#forget(each)
    }
  }

  /** What is to be run over the connection, now or later, to free what is not needed any more. */
  takeDeallocations(): readonly string[] {
    return this.#unneeded.length === 0 ? NONE : this.#unneeded.splice(0)
  }

  #drop(name: string): void {
    this.#forget(name)
    this.#unneeded.push(`deallocate ${name}`)
  }

  #forget(name: string): void {
    if (this.#names === undefined) return
    delete this.#names.parsedStatements[name]
    delete this.#names.submittedNamedStatements[name]
  }
}

const NONE: readonly string[] = []

/** What the error of a run with a name says of the name; `undefined` when it is the statement's own. */
export function nameLossOf({ code, routine, where }: PostgresError): NameLoss | undefined {
  // Then the statement itself was under way, and does such things: with a name it has not even begun.
  if (where !== undefined) return undefined
  if (code === '26000') return 'unknown'
  if (code === '42P05') return 'taken'
  return code === '0A000' && routine === 'RevalidateCachedQuery' ? 'outdated' : undefined
}
