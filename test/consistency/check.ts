import type { History, Operation } from './history.ts'
import { Knowledge } from './knowledge.ts'
import type { Rule, Violation } from './rule.ts'

export interface Verdict {
  readonly violations: Readonly<Record<Rule, number>>
  readonly total: number
  /** Of them, those of reads. */
  readonly staleReads: number
  /** Answered reads of which some rule said how old they may be at most: the others could not be wrong. */
  readonly boundReads: number
  /** The first few. */
  readonly examples: readonly Violation[]
}

const MAX_EXAMPLES = 10

/** Finds what breaks the rules. An operation breaks one at most: the first that applies. */
export function check(history: History): Verdict {
  const found: Violation[] = []
  const past = new Past(history, (violation) => found.push(violation))
  let boundReads = 0
  for (const [session, { promised }] of history.sessions.entries()) {
    const known = new Knowledge(promised)
    const heard = past.heardBy(session)
    let next = 0
    for (const operation of past.operationsOf(session)) {
      for (
        let event = heard[next];
        event !== undefined && event.end < operation.begin;
        event = heard[++next]
      ) {
        known.learn(event)
        if (promised === 'own') for (const earlier of past.behind(event)) known.inherit(earlier)
      }
      const violation = known.judge(operation)
      if (violation !== undefined) found.push(violation)
      const { kind, outcome } = operation
      if (kind === 'read' && outcome === 'answered' && known.binds(operation)) boundReads += 1
    }
  }
  return {
    violations: countsOf(found),
    total: found.length,
    staleReads: found.filter(({ operation }) => operation.kind === 'read').length,
    boundReads,
    examples: found.slice(0, MAX_EXAMPLES),
  }
}

/** A history by session and by version. */
class Past {
  readonly #history: History
  readonly #bySession: readonly (readonly Operation[])[]
  readonly #childWrites: readonly (readonly Operation[])[]
  readonly #writers = new Map<number, Operation>()

  constructor(history: History, report: (violation: Violation) => void) {
    this.#history = history
    const bySession: Operation[][] = history.sessions.map(() => [])
    const childWrites: Operation[][] = history.sessions.map(() => [])
    for (let index = 0; index < history.size; index++) {
      const operation = history.at(index)
      const { session, kind, outcome, version } = operation
      bySession[session]?.push(operation)
      if (kind === 'read' || outcome !== 'answered') continue
      const parent = history.sessions[session]?.parent
      if (parent !== undefined) childWrites[parent]?.push(operation)
      const key = keyOf(operation)
      if (this.#writers.has(key)) report({ rule: 'no-lost-writes', operation, wanted: version + 1 })
      else this.#writers.set(key, operation)
    }
    this.#bySession = bySession
    this.#childWrites = childWrites
  }

  /** In the order in which they began. */
  operationsOf(session: number): readonly Operation[] {
    return this.#bySession[session] ?? []
  }

  /** What a session was told: its own operations, and the writes of its children; in the order in which they ended. */
  heardBy(session: number): readonly Operation[] {
    return [...this.operationsOf(session), ...(this.#childWrites[session] ?? [])]
      .filter(({ end }) => end > 0)
      .toSorted((a, b) => a.end - b.end)
  }

  /**
   * What the session of a version that was read had done before it wrote it: whoever sees the write is to see that, too.
   * Only of sessions of their own; what these had learned from others in turn is not followed further.
   */
  behind(read: Operation): readonly Operation[] {
    if (read.kind !== 'read' || read.outcome !== 'answered') return []
    const write = this.#writers.get(keyOf(read))
    if (write === undefined || write.session === read.session) return []
    if (this.#history.sessions[write.session]?.promised !== 'own') return []
    return this.operationsOf(write.session).filter(({ end }) => end > 0 && end < write.begin)
  }
}

function keyOf({ register, version }: Operation): number {
  return register * 2 ** 32 + version
}

function countsOf(violations: readonly Violation[]): Record<Rule, number> {
  const counts: Record<Rule, number> = {
    'read-your-writes': 0,
    'monotonic-reads': 0,
    'monotonic-writes': 0,
    'writes-follow-reads': 0,
    'no-lost-writes': 0,
  }
  for (const { rule } of violations) counts[rule] += 1
  return counts
}
