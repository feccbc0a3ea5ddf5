import type { Fence } from './fence.ts'
import type { Consistency } from './mode.ts'
import type { Position } from './position.ts'
import type { MutableSession, SeenRead, SessionStart, WriteCertainty } from './session.ts'

/** Another session by what it asks for, and the same one by what it has written and seen. */
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

  get unfencedSinceMs(): number | undefined {
    return this.#session.unfencedSinceMs
  }

  get fence(): Fence | undefined {
    return this.#session.fence
  }

  get lastReads(): readonly SeenRead[] {
    return this.#session.lastReads
  }

  wrote(nowMs: number, fence: Fence | undefined, certainty?: WriteCertainty): void {
    this.#session.wrote(nowMs, fence, certainty)
  }

  wroteByItself(nowMs: number, fence: Fence | undefined, certainty?: WriteCertainty): void {
    this.#session.wroteByItself(nowMs, fence, certainty)
  }

  readFrom(read: SeenRead, before?: readonly SeenRead[]): void {
    this.#session.readFrom(read, before)
  }

  saw(nowMs: number, fence: Fence, before: readonly SeenRead[]): void {
    this.#session.saw(nowMs, fence, before)
  }

  shows(reads: readonly SeenRead[]): void {
    this.#session.shows(reads)
  }

  lost(reads: readonly SeenRead[], nowMs: number, fence: Fence): void {
    this.#session.lost(reads, nowMs, fence)
  }

  claims(position: Position, nowMs: number, fence: Fence): void {
    this.#session.claims(position, nowMs, fence)
  }

  settle(): boolean {
    return this.#session.settle()
  }

  mustShow(position: Position): void {
    this.#session.mustShow(position)
  }
}
