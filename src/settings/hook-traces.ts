import type { Statement } from '../statement/statement.ts'
import { cleaningOf } from './cleaning.ts'
import type { Journal } from './journal.ts'
import { operationOf } from './operation.ts'
import type { Pin } from './session-settings.ts'

/** Stands in a journal for a setting whose value is not known. */
const UNKNOWN_VALUE = ''

/**
 * The traces that listeners of `acquire` and `release` have left on one connection: settings by name, and statements that undo the
 * rest. It is taken away before the connection is used again.
 */
export class HookTraces {
  readonly #names = new Set<string>()
  readonly #pins = new Set<Pin>()

  get isEmpty(): boolean {
    return this.#names.size === 0 && this.#pins.size === 0
  }

  /** A listener sends this statement. Whether it succeeds does not matter. */
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
   * Gives the statements that undo all but settings, or `close` where that cannot be undone.
   * @param isHooked Whether a `connect` listener has made settings on the connection, which must stay.
   */
  cleaning(isHooked: boolean): readonly string[] | 'close' {
    if (isHooked && this.#pins.size > 0) return 'close'
    return cleaningOf(this.#pins, false, false)
  }

  /** The connection's journal with the settings that listeners may have changed marked as such. */
  over(journal: Journal): Journal {
    let marked = journal
    for (const name of this.#names) marked = marked.with(name, UNKNOWN_VALUE)
    return marked
  }
}

const UNKNOWN = ['unknown'] as const
