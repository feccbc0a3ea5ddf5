import type { Pool } from '../../src/index.ts'
import { ErrorsByText } from './errors-by-text.ts'

/** Without a key: what was written twice is to be seen. */
export const ledgerSchema = `
  create table ledger (writer int, n int);
  create index on ledger (writer, n)`

/** What became of a write, as far as its caller was told. */
export type Told = 'acknowledged' | 'not-sent' | 'rolled-back' | 'unknown' | 'refused'

export interface Acknowledgement {
  readonly atMs: number
  /** Port of the server that took the write. */
  readonly port: number
}

export interface LedgerFigures {
  readonly acknowledged: number
  /** Acknowledged, and not there. Must be 0. */
  readonly lost: number
  /** There more than once. Must be 0. */
  readonly doubled: number
  /** Told not to have been sent, to have been rolled back or to be refused, and there. Must be 0. */
  readonly denied: number
  /** There, and written by nobody. Must be 0. */
  readonly strange: number
  readonly told: Readonly<Partial<Record<Told, number>>>
  /** Of the unknown ones: how many are there. */
  readonly unknownPresent: number
  readonly errors: Readonly<Record<string, number>>
}

/** Writes rows of which each is told from all others, and remembers what it was told of each. */
export class Ledger {
  readonly acknowledgements: Acknowledgement[] = []
  readonly #told = new Map<string, Told>()
  readonly #errors = new ErrorsByText()
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Gives whether the write was acknowledged. */
  async write(writer: number, n: number): Promise<boolean> {
    try {
      const { rows } = await this.#pool.query<{ port: number }>(
        `insert into ledger values ($1, $2) returning current_setting('port')::int as port`,
        [writer, n],
      )
      this.#told.set(keyOf({ writer, n }), 'acknowledged')
      this.acknowledgements.push({ atMs: performance.now(), port: rows[0]?.port ?? 0 })
      return true
    } catch (error) {
      this.#told.set(keyOf({ writer, n }), toldBy(error))
      this.#errors.add(error)
      return false
    }
  }

  /** Compares what callers were told with the rows of the table. */
  reckon(rows: readonly { readonly writer: number; readonly n: number }[]): LedgerFigures {
    const times = new Map<string, number>()
    for (const row of rows) times.set(keyOf(row), (times.get(keyOf(row)) ?? 0) + 1)
    const all = [...this.#told]
    const isThere = ([key]: readonly [string, Told]): boolean => times.has(key)
    const of = (...kinds: readonly Told[]): (readonly [string, Told])[] =>
      all.filter(([, told]) => kinds.includes(told))
    const kinds: readonly Told[] = ['acknowledged', 'not-sent', 'rolled-back', 'unknown', 'refused']
    return {
      acknowledged: of('acknowledged').length,
      lost: of('acknowledged').filter((write) => !isThere(write)).length,
      doubled: [...times.values()].filter((count) => count > 1).length,
      denied: of('not-sent', 'rolled-back', 'refused').filter(isThere).length,
      strange: [...times.keys()].filter((key) => !this.#told.has(key)).length,
      told: Object.fromEntries(kinds.map((kind) => [kind, of(kind).length])),
      unknownPresent: of('unknown').filter(isThere).length,
      errors: this.#errors.report(),
    }
  }
}

/** An error without an outcome is the server's answer. */
export function toldBy(error: unknown): Told {
  const outcome: unknown = error instanceof Error ? Reflect.get(error, 'outcome') : undefined
  return outcome === 'not-sent' || outcome === 'rolled-back' || outcome === 'unknown' ? outcome : 'refused'
}

function keyOf({ writer, n }: { readonly writer: number; readonly n: number }): string {
  return `${writer}/${n}`
}
