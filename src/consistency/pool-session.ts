import type { Statement } from '../statement/statement.ts'
import type { Floor } from './floor.ts'
import { RelationFloors } from './relation-floors.ts'
import { CompactSession, type EndedWrite, type SeenRead } from './session.ts'
import { shownBy, type Execution, type Touched } from './touched.ts'

/**
 * The session of code outside any explicit session: the process reads its own writes. Its reads may go back, so a read
 * only has to wait for writes of what it shows.
 */
export class PoolSession extends CompactSession {
  readonly #floors = new RelationFloors()
  #lastWriteAtMs: number | undefined
  #hasWritten = false

  constructor() {
    super({})
  }

  override changedAtMs(read: Statement, execution: Execution): number | undefined {
    // Without entries the answer is the same for all relations, so their keys need not be computed.
    const shown = this.#floors.size === 0 ? read.footprint.shows : shownBy(read, execution)
    const latestMs = this.#floors.latest(shown)
    return latestMs === -Infinity ? undefined : latestMs
  }

  override get hasWritten(): boolean {
    return this.#hasWritten
  }

  override get lastWriteAtMs(): number | undefined {
    return this.#lastWriteAtMs
  }

  override wrote({ atMs, certainty, changes }: EndedWrite): void {
    this.#lastWriteAtMs = atMs
    if (certainty === 'certain') this.#hasWritten = true
    this.#floors.raise(changes, atMs)
  }

  override saw(
    nowMs: number,
    _floor: Floor | undefined,
    _before: readonly SeenRead[] = [],
    shown: Touched = 'everything',
  ): void {
    this.#floors.raise(shown, nowMs)
  }

  /** Records that these relations were changed before `atMs`, by this process or another. */
  raise(touched: Touched, atMs: number): void {
    this.#floors.raise(touched, atMs)
  }

  /** Records that the schema may have changed, and was read before `atMs`. */
  schemaChanged(atMs: number): void {
    this.#floors.schemaChanged(atMs)
  }

  /**
   * Forgets the floors of changes that all replicas show, those before `atMs`. Replicas that come later have to show
   * them too.
   */
  forget(atMs: number): void {
    this.#floors.forget(atMs)
  }
}
