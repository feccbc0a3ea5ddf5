import type { Promised, Operation } from './history.ts'
import type { Rule, Violation } from './rule.ts'

/** The newest versions of one register that a session has met, by how it met them; 0 where it has not. */
interface Met {
  written: number
  read: number
  /** Written, or read, by a session before a write of it that this session has read. */
  writtenBefore: number
  readBefore: number
}

/** What one session has met so far, and what it may expect because of it. */
export class Knowledge {
  readonly #promised: Promised
  readonly #registers = new Map<number, Met>()

  constructor(promised: Promised) {
    this.#promised = promised
  }

  /** An operation has ended, of the session or of a child. */
  learn({ register, kind, outcome, version }: Operation): void {
    if (outcome !== 'answered') return
    const met = this.#of(register)
    if (kind === 'write') met.written = Math.max(met.written, version)
    else met.read = Math.max(met.read, version)
  }

  /** What another session had done before a write that this one has read. */
  inherit({ register, kind, outcome, version }: Operation): void {
    if (outcome !== 'answered') return
    const met = this.#of(register)
    if (kind === 'write') met.writtenBefore = Math.max(met.writtenBefore, version)
    else met.readBefore = Math.max(met.readBefore, version)
  }

  /** Whether there is a version of its register that the operation has to reach. */
  binds(operation: Operation): boolean {
    return this.#bounds(operation).some(([, version]) => version > 0)
  }

  /** Of an operation that began when the session knew this. */
  judge(operation: Operation): Violation | undefined {
    if (operation.outcome !== 'answered') return undefined
    for (const [rule, version] of this.#bounds(operation)) {
      // A write makes a version of its own, a read may show the one that is known.
      const wanted = operation.kind === 'write' ? version + 1 : version
      if (operation.version < wanted) return { rule, operation, wanted }
    }
    return undefined
  }

  #bounds({ register, kind }: Operation): readonly (readonly [Rule, number])[] {
    const met = this.#registers.get(register)
    if (met === undefined) return []
    const { written, read, writtenBefore, readBefore } = met
    if (kind === 'write') {
      return [
        ['monotonic-writes', Math.max(written, writtenBefore)],
        ['writes-follow-reads', Math.max(read, readBefore)],
      ]
    }
    if (this.#promised === 'process') return [['read-your-writes', written]]
    return [
      ['read-your-writes', written],
      ['monotonic-reads', read],
      ['monotonic-writes', writtenBefore],
      ['writes-follow-reads', readBefore],
    ]
  }

  #of(register: number): Met {
    let met = this.#registers.get(register)
    if (met === undefined) {
      met = { written: 0, read: 0, writtenBefore: 0, readBefore: 0 }
      this.#registers.set(register, met)
    }
    return met
  }
}
