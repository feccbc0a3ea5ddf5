import type { Statement } from '../statement/statement.ts'
import { failsWhole } from '../statement/fails-whole.ts'
import { catalogEffectOf, together, type CatalogEffect } from '../statement/catalog-effect.ts'
import type { MutableSession, WriteCertainty } from './session.ts'

/** The account of something that may have written and has come to its end. */
export interface Write {
  readonly sessions: Iterable<MutableSession>
  readonly catalogEffect: CatalogEffect
  /** @defaultValue 'certain' */
  readonly certainty?: WriteCertainty
}

/** Makes the account of a statement that ran by itself. */
export function writeBy(session: MutableSession, statement: Statement): Write {
  return {
    sessions: [session],
    catalogEffect: catalogEffectOf(statement),
    certainty: certaintyOf(statement),
  }
}

/** By its text it reads, from relations that only the catalog knows. What it calls is known. */
function certaintyOf({ reason, leavesSessionState, multiple }: Statement): WriteCertainty {
  return reason === 'catalog-pending' && !leavesSessionState && !multiple ? 'pending' : 'certain'
}

/** Whether a statement failed, and whether the server has said so: then it may have left nothing. */
export type StatementFailure = 'none' | 'answered' | 'lost'

/** The state of the transaction behind a statement, as the server says it; `undefined` when it cannot say. */
type Status = 'I' | 'T' | 'E' | null | undefined

/**
 * Keeps account of what was written over one connection and is not known to be committed yet. A transaction may be
 * written to by several sessions, may be committed and go on at once, and may be given up.
 */
export class WriteLedger {
  readonly #sessions = new Set<MutableSession>()
  #catalogEffect: CatalogEffect = 'none'
  #certainty: WriteCertainty = 'pending'

  /** A statement is being sent for `session`. */
  started(statement: Statement, session: MutableSession): void {
    // Transaction control by itself writes nothing. Who commits what others wrote is to see it, too.
    const counts = isControl(statement) ? this.#sessions.size > 0 : statement.mayWrite
    if (!counts) return
    this.#sessions.add(session)
    this.#catalogEffect = together(this.#catalogEffect, catalogEffectOf(statement))
    if (certaintyOf(statement) === 'certain') this.#certainty = 'certain'
  }

  /**
   * The statement has come to its end, and `status` is true by now, or is not known. Gives what may have become visible
   * to others, if anything.
   */
  ended(statement: Statement, status: Status, failure: StatementFailure): Write | undefined {
    if (this.#sessions.size === 0) return undefined
    // Had there been a transaction, it would be open, and failed.
    if (failure === 'answered' && status === 'I' && failsWhole(statement)) {
      this.#clear()
      return undefined
    }
    const control = isControl(statement) && failure === 'none' ? statement.reason : undefined
    if (control === 'rollback') {
      this.#clear()
      return undefined
    }
    const isOpen = status === 'T' || status === 'E'
    // A text of several statements may have committed on its way.
    if (isOpen && control !== 'commit' && control !== 'two-phase' && !statement.multiple) return undefined
    const write: Write = {
      sessions: [...this.#sessions],
      catalogEffect: this.#catalogEffect,
      certainty: this.#certainty,
    }
    const goesOn = (isOpen && statement.multiple) || status === undefined
    if (!goesOn) this.#clear()
    return write
  }

  #clear(): void {
    this.#sessions.clear()
    this.#catalogEffect = 'none'
    this.#certainty = 'pending'
  }
}

function isControl(statement: Statement): boolean {
  return statement.kind === 'transaction' && !statement.multiple
}
