import type { Statement } from '../statement/statement.ts'
import type { Floor } from './floor.ts'
import type { Consistency } from './mode.ts'
import type { Position } from './position.ts'
import type { EndedWrite, MutableSession, PendingFloor, SeenRead, SessionStart } from './session.ts'
import type { Execution, Touched } from './touched.ts'

/** A session with its own options that shares the state of another one: its writes, reads and floors. */
export class SessionAlias implements MutableSession {
  readonly consistency: Consistency | undefined
  readonly tier: string | undefined
  readonly primaryUntilMs: number | undefined
  readonly #session: MutableSession

  constructor(session: MutableSession, { consistency, primaryUntilMs, tier }: SessionStart) {
    this.#session = session instanceof SessionAlias ? session.#session : session
    this.consistency = consistency
    this.tier = tier
    this.primaryUntilMs = primaryUntilMs
  }

  get parent(): MutableSession | undefined {
    return this.#session.parent
  }

  get hasWritten(): boolean {
    return this.#session.hasWritten
  }

  get lastWriteAtMs(): number | undefined {
    return this.#session.lastWriteAtMs
  }

  get position(): Position | undefined {
    return this.#session.position
  }

  get floorPendingSinceMs(): number | undefined {
    return this.#session.floorPendingSinceMs
  }

  get pending(): PendingFloor | undefined {
    return this.#session.pending
  }

  get lastReads(): readonly SeenRead[] {
    return this.#session.lastReads
  }

  changedAtMs(read: Statement, execution: Execution): number | undefined {
    return this.#session.changedAtMs(read, execution)
  }

  wrote(write: EndedWrite): void {
    this.#session.wrote(write)
  }

  readFrom(read: SeenRead, before?: readonly SeenRead[]): void {
    this.#session.readFrom(read, before)
  }

  saw(nowMs: number, floor: Floor, before: readonly SeenRead[], shown?: Touched): void {
    this.#session.saw(nowMs, floor, before, shown)
  }

  shows(reads: readonly SeenRead[]): void {
    this.#session.shows(reads)
  }

  lost(reads: readonly SeenRead[], nowMs: number, floor: Floor): void {
    this.#session.lost(reads, nowMs, floor)
  }

  claims(position: Position, nowMs: number, floor: Floor): void {
    this.#session.claims(position, nowMs, floor)
  }

  settle(): boolean {
    return this.#session.settle()
  }

  mustShow(position: Position): void {
    this.#session.mustShow(position)
  }
}
