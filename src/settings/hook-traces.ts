import type { Statement } from '../statement/statement.ts'
import { cleaningOf } from './cleaning.ts'
import type { Journal } from './journal.ts'
import { operationOf } from './operation.ts'
import type { Pin } from './session-settings.ts'

/** Marks a setting of unknown value in a journal. */
const UNKNOWN_VALUE = ''

/**
 * State that listeners of `acquire` and `release` have left on one connection: settings by name, and statements that
 * undo the rest. It is removed before the connection is used again.
 */
export class HookTraces {
  readonly #names = new Set<string>()
  readonly #pins = new Set<Pin>()

  get isEmpty(): boolean {
    return this.#names.size === 0 && this.#pins.size === 0
  }

  /** Records a statement of a listener, whether or not it succeeds. */
  add(statement: Statement, values: readonly unknown[], journal: Journal): void {
    const { leaves, leavesSessionState, settings } = statement
    for (const change of settings ?? []) {
      const operation = operationOf(change, values)
      if (operation === undefined) this.#pins.add('setting')
      else if ('name' in operation) this.#names.add(operation.name)
      else for (const name of journal.names()) this.#names.add(name)
    }
    if (!leavesSessionState) return
    for (const state of leaves ?? UNKNOWN) {
      if (state !== 'setting' || settings === undefined) this.#pins.add(state)
    }
  }

  /**
   * Returns the statements that undo everything except settings, or `close` when that is impossible.
   * @param isHooked Whether a `connect` listener has changed settings of the connection, which must stay.
   */
  cleaning(isHooked: boolean): readonly string[] | 'close' {
    if (isHooked && this.#pins.size > 0) return 'close'
    return cleaningOf(this.#pins, false, false)
  }

  /** Returns the connection's journal with the settings marked that listeners may have changed. */
  over(journal: Journal): Journal {
    let marked = journal
    for (const name of this.#names) marked = marked.with(name, UNKNOWN_VALUE)
    return marked
  }
}

const UNKNOWN = ['unknown'] as const
