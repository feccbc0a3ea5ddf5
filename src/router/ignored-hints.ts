import type { RouteRequest } from '../routing/decide.ts'
import { shown } from '../statement/shown.ts'
import type { Statement } from '../statement/statement.ts'

/** A replica was asked for, and must not have it. Said once for each text that is still known. */
export class IgnoredHints {
  readonly #ignored: (statement: Statement) => void
  readonly #reported = new WeakSet<Statement>()

  constructor(ignored: (statement: Statement) => void) {
    this.#ignored = ignored
  }

  /** A statement goes to the primary. */
  note(statement: Statement, { route }: RouteRequest): void {
    const isAsked = route === 'replica' || (route === undefined && statement.hint === 'replica')
    if (!isAsked || statement.kind === 'read' || this.#reported.has(statement)) return
    this.#reported.add(statement)
    this.#ignored(shown(statement))
  }
}
