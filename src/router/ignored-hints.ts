import type { RouteRequest } from '../routing/decide.ts'
import { shown } from '../statement/shown.ts'
import type { Statement } from '../statement/statement.ts'

/** Reports statements that asked for a replica but must not run there, once for each text that is still cached. */
export class IgnoredHints {
  readonly #ignored: (statement: Statement) => void
  readonly #reported = new WeakSet<Statement>()

  constructor(ignored: (statement: Statement) => void) {
    this.#ignored = ignored
  }

  /** Called for a statement that goes to the primary. */
  note(statement: Statement, { route }: RouteRequest): void {
    const isAsked = route === 'replica' || (route === undefined && statement.hint === 'replica')
    if (!isAsked || statement.kind === 'read' || this.#reported.has(statement)) return
    this.#reported.add(statement)
    this.#ignored(shown(statement))
  }
}
