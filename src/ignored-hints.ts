import type { RouteRequest } from './routing/decide.ts'
import type { Statement } from './statement/statement.ts'

/** Notices when a replica was asked for, and must not have it. Said once for each text that is still known. */
export class IgnoredHints {
  readonly #told = new WeakSet<Statement>()

  /** True the first time that this statement is met, if its wish for a replica is in vain. */
  isNew(statement: Statement, { route }: RouteRequest): boolean {
    const isAsked = route === 'replica' || (route === undefined && statement.hint === 'replica')
    if (!isAsked || statement.kind === 'read' || this.#told.has(statement)) return false
    this.#told.add(statement)
    return true
  }
}
