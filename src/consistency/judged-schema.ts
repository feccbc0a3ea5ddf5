import type { PoolSession } from './pool-session.ts'

/** The schema by which the statements of a pool are judged. */
export class JudgedSchema {
  readonly #session: PoolSession
  #number = 0

  constructor(session: PoolSession) {
    this.#session = session
  }

  /** Number of changes that were noticed. */
  get number(): number {
    return this.#number
  }

  /**
   * Records that footprints now rely on a schema that was read before `atMs`, by the platform's clock. Must be called
   * before any statement is judged by it.
   */
  changed(atMs: number): void {
    this.#number += 1
    this.#session.schemaChanged(atMs)
  }
}
