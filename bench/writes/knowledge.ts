import type { Row } from './ground.ts'

/** The least that the reads of one session have to show. */
export interface Knowledge {
  /** Returns the version of a row that a read which is sent now has to show at least. */
  expected(row: Row): number
  /** Notes that a write of the session has ended, which made at least this version. */
  wrote(row: Row, version: number): void
  /** Notes the version that a read of the session has shown. */
  showed(row: Row, version: number): void
}

/** Number of writes of each row that have ended. A write increments the row's version, so the version is never lower. */
export class Ended {
  readonly #versions: number[]

  /** @param versions The versions of the rows before any write. */
  constructor(versions: readonly number[]) {
    this.#versions = [...versions]
  }

  of(row: Row): number {
    return this.#versions[row] ?? 0
  }

  add(row: Row): void {
    this.#versions[row] = this.of(row) + 1
  }
}

/** Outside of sessions a read has to show every write of the process that ended before it was sent. */
export function processKnowledge(ended: Ended): Knowledge {
  return { expected: (row) => ended.of(row), wrote: () => {}, showed: () => {} }
}

/** In a session a read has to show the session's own writes, and what earlier reads of the session have shown. */
export function sessionKnowledge(): Knowledge {
  const known = new Map<Row, number>()
  const expected = (row: Row): number => known.get(row) ?? 0
  const learn = (row: Row, version: number): void => {
    if (version > expected(row)) known.set(row, version)
  }
  return { expected, wrote: learn, showed: learn }
}
