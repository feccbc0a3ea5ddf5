import type { Told } from '../ledger.ts'

/** Committed values of each key, by the word of one server; a value that was committed twice is in it twice. */
export type Truth = ReadonlyMap<string, readonly number[]>

/** One value that a caller has sent for one of its own keys. Values of a key count up, and only one caller writes them. */
export interface Write {
  readonly key: string
  readonly n: number
  readonly session: string
  readonly beganMs: number
  readonly endedMs: number
  readonly told: Told
  /** Port of the server that acknowledged it, by its own word. */
  readonly port?: number | undefined
  /** Writes of one transaction share it. */
  readonly transaction?: number | undefined
}

/**
 * Promise of a read: what its session has written and seen, everything that was acknowledged, everything older than
 * `boundMs`, or nothing.
 */
export type Promised = 'session' | 'everything' | 'bounded' | 'nothing'

export interface Read {
  readonly session: string
  /** Of a read in a transaction: when the transaction began. */
  readonly beganMs: number
  readonly endedMs: number
  readonly promised: Promised
  readonly boundMs?: number | undefined
  readonly shown: ReadonlyMap<string, number>
}

/** A period in which a server is a former primary that the pool knows to be one. */
export interface Fenced {
  readonly port: number
  readonly fromMs: number
  untilMs: number
}

/** Any other broken promise, noticed while it ran. */
export interface Notice {
  readonly atMs: number
  readonly property: string
  readonly told: string
}

/** Name of the session of calls outside of any session. */
export const POOL_SESSION = 'pool'

/** Everything that callers did, and were told. */
export class History {
  readonly writes: Write[] = []
  readonly reads: Read[] = []
  /** The session that a session continues by a token. */
  readonly continued: Map<string, string> = new Map()
  /** Rows that a primary had when it was lost: its successor may lack the last ones. */
  readonly lastRows: Truth[] = []
  readonly fenced: Fenced[] = []
  readonly notices: Notice[] = []
  readonly #counts = new Map<string, number>()

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  notice(property: string, told: string): void {
    this.notices.push({ atMs: performance.now(), property, told })
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => a.localeCompare(b)))
  }
}
