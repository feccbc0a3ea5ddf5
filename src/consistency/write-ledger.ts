import type { Statement } from '../statement/statement.ts'
import { failsWhole, mayCommitApart } from '../statement/fails-whole.ts'
import { catalogEffectOf, together, type CatalogEffect } from '../statement/catalog-effect.ts'
import type { MutableSession, WriteCertainty } from './session.ts'
import { changedBy, union, type Execution, type Touched } from './touched.ts'

const NOTHING: Touched = []

/** A write that has ended, to be reported to its sessions and to the catalog. */
export interface Write {
  readonly sessions: Iterable<MutableSession>
  readonly catalogEffect: CatalogEffect
  /** Relations that it may have changed. */
  readonly changes: Touched
  /** Number of the schema by which `changes` was found; see `JudgedSchema`. @defaultValue the current one */
  readonly schema?: number
  /** @defaultValue 'certain' */
  readonly certainty?: WriteCertainty
}

/** Returns the write of a statement outside of a transaction. */
export function writeBy(
  session: MutableSession,
  statement: Statement,
  changes: Touched,
  schema: number,
): Write {
  return {
    sessions: [session],
    catalogEffect: catalogEffectOf(statement),
    changes,
    schema,
    certainty: certaintyOf(statement),
  }
}

/** Returns `pending` for a statement whose relations only the catalog can judge and whose functions are known. */
function certaintyOf({ reason, leavesSessionState, multiple }: Statement): WriteCertainty {
  return reason === 'catalog-pending' && !leavesSessionState && !multiple ? 'pending' : 'certain'
}

/**
 * Instead of the number of a schema where none tells what a statement may change: its write counts as one of
 * everything.
 */
export const NO_SCHEMA = -1

/** How a statement failed: by an error of the server, or by the loss of the connection. */
export type StatementFailure = 'none' | 'answered' | 'lost'

/** Transaction status of the server after a statement; `undefined` when unknown. */
type Status = 'I' | 'T' | 'E' | null | undefined

/**
 * Records the writes over one connection that are not known to be committed yet. Several sessions may write to one
 * transaction, and it may be committed and chained, or rolled back.
 */
export class WriteLedger {
  readonly #sessions = new Set<MutableSession>()
  #catalogEffect: CatalogEffect = 'none'
  #changes: Touched = NOTHING
  #schema = Infinity
  #certainty: WriteCertainty = 'pending'
  /** Whether a part of it may stay when it is rolled back. */
  #mayStay = false

  /**
   * Records that a statement is sent for `session`.
   * @param schema Number of the schema by which it was judged
   */
  started(statement: Statement, session: MutableSession, execution: Execution, schema: number): void {
    // By itself it writes nothing, but COMMIT PREPARED commits what another connection wrote. A session that commits
    // the writes of others must see them too.
    const isOfThisOne = isControl(statement) && statement.reason !== 'two-phase'
    const counts = isOfThisOne ? this.#sessions.size > 0 : statement.mayWrite
    if (!counts) return
    this.#sessions.add(session)
    this.#changes = union(this.#changes, changedBy(statement, execution))
    this.#schema = Math.min(this.#schema, schema)
    this.#catalogEffect = together(this.#catalogEffect, catalogEffectOf(statement))
    if (certaintyOf(statement) === 'certain') this.#certainty = 'certain'
    if (mayCommitApart(statement)) this.#mayStay = true
  }

  /**
   * Records the end of a statement with the transaction status after it. Returns the write that may have become visible
   * to others, if any.
   */
  ended(statement: Statement, status: Status, failure: StatementFailure): Write | undefined {
    if (this.#sessions.size === 0) return undefined
    // An open transaction would now be in the failed state.
    if (failure === 'answered' && status === 'I' && failsWhole(statement)) {
      this.#clear()
      return undefined
    }
    const control = isControl(statement) && failure === 'none' ? statement.reason : undefined
    if (control === 'rollback' && !this.#mayStay) {
      this.#clear()
      return undefined
    }
    const isOpen = status === 'T' || status === 'E'
    // A text of several statements may contain a COMMIT.
    const isEnd = control === 'commit' || control === 'two-phase' || control === 'rollback'
    if (isOpen && !isEnd && !statement.multiple) return undefined
    const isUndone = control === 'rollback' && this.#catalogEffect === 'certain'
    const write: Write = {
      sessions: [...this.#sessions],
      catalogEffect: isUndone ? 'possible' : this.#catalogEffect,
      changes: this.#changes,
      schema: this.#schema,
      certainty: this.#certainty,
    }
    const goesOn = (isOpen && statement.multiple) || status === undefined
    if (!goesOn) this.#clear()
    return write
  }

  #clear(): void {
    this.#sessions.clear()
    this.#catalogEffect = 'none'
    this.#changes = NOTHING
    this.#schema = Infinity
    this.#certainty = 'pending'
    this.#mayStay = false
  }
}

function isControl(statement: Statement): boolean {
  return statement.kind === 'transaction' && !statement.multiple
}
