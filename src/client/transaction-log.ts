import type { PoolClient, TransactionStatus } from 'pg'
import type { MutableSession } from '../consistency/session.ts'
import { isServerError } from '../platform/server-error.ts'
import type { OwnQuery } from '../platform/unseen.ts'
import type { Query } from '../nodes/query.ts'
import { wireValues } from '../nodes/wire-values.ts'
import { makesSettings, mayBeOrdered } from '../statement/local-settings.ts'
import { isReadOnly } from '../statement/on-a-standby.ts'
import type { IsolationLevel, Statement, TransactionModes } from '../statement/statement.ts'
import type { Beginnings, Kind } from './beginnings.ts'
import { OpenCursors } from './open-cursors.ts'
import { AnswerDigest, isTooLarge, type Answer } from './answer-digest.ts'

/** Each is a round trip when the transaction moves. */
const MOST_ENTRIES = 10_000

const DOUBT = 'it is not known whether one of its statements has run'

/** Amounts of what a transaction has run so far. */
interface Done {
  rows: number
  characters: number
  /** Whether it has run a statement that takes a snapshot. */
  hasQueried: boolean
}

/** A statement that has to run again when the transaction moves. */
export interface Entry {
  readonly statement: Statement
  readonly session: MutableSession
  readonly query: OwnQuery
  /** Whether the order of its rows counts. */
  readonly isOrdered: boolean
  /** Its expected answer. Absent: anything but an error. */
  readonly answer: Answer | undefined
}

/** A statement of the transaction that is running. */
export interface Running {
  ended(error: Error | undefined, status: TransactionStatus | null): void
  /** It counts for nothing, because it runs again elsewhere. */
  dropped(): void
}

const nothing = (): void => {}

/**
 * The statements of a transaction on a replica that have to run again when it continues on the primary, in their order.
 * These are settings of the transaction and savepoints. In some transactions they are also those that have returned
 * rows, with a digest of their answers.
 */
export class TransactionLog {
  /** The BEGIN of the transaction. */
  readonly begin: Statement
  #modes: TransactionModes
  #entries: Entry[] = []
  #done: Done = { rows: 0, characters: 0, hasQueried: false }
  /** Whether it has begun by COMMIT AND CHAIN. */
  #isChained = false
  /** Texts of its first statements that have shown something: of any, and of a proven read. */
  #first: { readonly shown?: string; readonly read?: string } = {}
  #obstacle: string | undefined
  readonly #cursors = new OpenCursors()

  constructor(begin: Statement, isolation: IsolationLevel) {
    this.begin = begin
    this.#modes = { ...begin.modes, isolation }
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  get kind(): Kind {
    return isReadOnly(this.begin) ? 'read-only' : 'optimistic'
  }

  /**
   * Whether its results have to be the same on the primary. This is so if all its statements share one snapshot, or if
   * it may write based on what it has read.
   */
  get comparesReads(): boolean {
    return this.kind === 'optimistic' || this.#modes.isolation === 'repeatable read'
  }

  /** The text by which transactions that begin alike are known: its first read. Absent while it has shown nothing. */
  get beginning(): string | undefined {
    return this.#first.read ?? this.#first.shown
  }

  /**
   * Whether this statement may identify others that could not move. It would be the first one that returns rows, or the
   * first read. One with an obstacle has to stay.
   */
  beginsWith({ kind, reason }: Statement): boolean {
    if (!this.comparesReads || this.obstacle !== undefined) return false
    const { read, shown } = this.#first
    return kind === 'read' ? read === undefined : isShowing(reason) && shown === undefined
  }

  /** Records that transactions which begin like it cannot move. */
  noteFailure(beginnings: Pick<Beginnings, 'failed'>): void {
    const { beginning, kind } = this
    const { shown } = this.#first
    if (beginning !== undefined) beginnings.failed(beginning, kind)
    if (shown !== undefined && shown !== beginning) beginnings.failed(shown, kind, false)
  }

  /**
   * Whether its next read has to show what its session has written meanwhile, as it would on the primary. Of one that
   * says that it only reads that is decided at its BEGIN, which a chained one has none of. In a snapshot nothing new is
   * shown.
   */
  get followsItsSession(): boolean {
    if (this.obstacle !== undefined || (this.kind === 'read-only' && !this.#isChained)) return false
    return this.#modes.isolation !== 'repeatable read' || !this.#done.hasQueried
  }

  /** The reason why it cannot continue on another server. */
  get obstacle(): string | undefined {
    if (this.#obstacle !== undefined) return this.#obstacle
    const { name } = this.#cursors
    return name === undefined ? undefined : `its cursor ${name} is open`
  }

  /**
   * A text that begins a transaction of the same kind. The modes of a transaction cannot be changed after its first
   * query, so one follows if it has run any.
   */
  get beginText(): string {
    const { accessMode, deferrable, isolation = 'read committed' } = this.#modes
    const access = accessMode === undefined ? '' : `, ${accessMode}`
    const modes = `isolation level ${isolation}${access}${deferrable === true ? ', deferrable' : ''}`
    return `begin transaction ${modes}${this.#done.hasQueried && !this.comparesReads ? '; select' : ''}`
  }

  /** Records a statement that is about to be sent, and its end. */
  starts(statement: Statement, query: Query, session: MutableSession, client: PoolClient): Running {
    const { reason, kind } = statement
    const text = query.text ?? ''
    if (kind !== 'transaction' && reason !== 'set' && reason !== 'show') this.#done.hasQueried = true
    if (kind === 'transaction')
      return {
        ended: (error, status) => this.#controlled(statement, query, session, error, status),
        dropped: nothing,
      }
    if (reason === 'cursor') {
      const ended: Running['ended'] = (error, status) => {
        if (isDone(error, status, () => this.#blocked(DOUBT)) && this.#cursors.runs(text) === 'fetched')
          this.streamed(text)
      }
      return { ended, dropped: nothing }
    }
    // Calls of set_config that run here show what they are given.
    const makes = reason === 'set' || (reason === 'function-setting' && makesSettings(text))
    const isCompared = this.comparesReads && !makes && (kind === 'read' || isShowing(reason))
    if (isCompared) return this.#comparing(statement, query, session, client)
    if (!makes) return NOT_KEPT
    // The caller may change the values later.
    const again = repeatable(query)
    return {
      ended: (error, status) => {
        const isKept = isDone(error, status, () => this.#blocked(DOUBT))
        if (isKept) this.#add(again, { statement, session, isOrdered: false, answer: undefined })
        // The next one that begins with it can only avoid that on the primary.
        if (this.#obstacle !== undefined && isShowing(reason)) this.#shows(text, false)
      },
      dropped: nothing,
    }
  }

  #comparing(statement: Statement, query: Query, session: MutableSession, client: PoolClient): Running {
    const { text = '' } = query
    const again = repeatable(query)
    const isOrdered = mayBeOrdered(text, statement.footprint.shows)
    const digest = new AnswerDigest(client, isOrdered)
    return {
      ended: (error, status) => {
        const answer = digest.end(error !== undefined && isServerError(error) ? error : undefined)
        // An error of the caller's type parser leaves the transaction as it is.
        if (!isOpen(status)) return
        // It was not sent.
        if (error !== undefined && !isServerError(error) && !digest.hasSeen) return
        this.#shows(text, statement.kind === 'read')
        this.#add(again, { statement, session, isOrdered, answer })
      },
      dropped: () => void digest.end(),
    }
  }

  /** Records that a query object has shown rows. */
  streamed(text: string | undefined): void {
    this.#done.hasQueried = true
    if (!this.comparesReads) return
    this.#shows(text ?? '', true)
    this.#blocked('a query object has shown rows that cannot be compared')
  }

  #shows(text: string, isRead: boolean): void {
    const { read = isRead ? text : undefined, shown = text } = this.#first
    this.#first = read === undefined ? { shown } : { shown, read }
  }

  #blocked(obstacle: string): void {
    this.#obstacle ??= obstacle
    this.#entries = []
  }

  #add(query: OwnQuery | undefined, rest: Omit<Entry, 'query'>): void {
    if (this.#obstacle !== undefined) return
    if (query === undefined) return this.#blocked('one of its statements names the types of its parameters')
    const { answer } = rest
    this.#entries.push({ query, ...rest })
    this.#done.rows += answer?.rows ?? 0
    this.#done.characters += answer?.length ?? 0
    if (answer?.isComparable === false) this.#blocked('a result that it has shown cannot be compared')
    else if (isTooLarge(this.#done.rows, this.#done.characters)) {
      this.#blocked('the results that it has shown are too large to be compared')
    } else if (this.#entries.length > MOST_ENTRIES) this.#blocked('it has run too many statements')
  }

  #controlled(
    statement: Statement,
    query: Query,
    session: MutableSession,
    error: Error | undefined,
    status: string | null,
  ): void {
    const { modes, reason } = statement
    if (!isDone(error, status, () => this.#blocked(DOUBT))) return
    if (reason === 'savepoint') return this.#savepoint(statement, query.text ?? '', session)
    const mayBeUndone = this.#entries.some((entry) => entry.statement.reason === 'savepoint')
    if (reason === 'set-transaction' && mayBeUndone) {
      return this.#add(query.text, { statement, session, isOrdered: false, answer: undefined })
    }
    if (modes !== undefined) this.#modes = { ...this.#modes, ...modes }
    if ((reason !== 'commit' && reason !== 'rollback') || status !== 'T') return
    // After COMMIT AND CHAIN another transaction of the same kind has begun.
    const isUnsure = this.#entries.some((entry) => entry.statement.reason === 'set-transaction')
    this.#entries = []
    this.#done = { rows: 0, characters: 0, hasQueried: false }
    this.#isChained = true
    this.#first = {}
    this.#obstacle = isUnsure ? 'ROLLBACK TO may have undone the modes of the one before' : undefined
    this.#cursors.clear()
  }

  /** Many ORMs set a savepoint around each statement: a pair with nothing between them is left out. */
  #savepoint(statement: Statement, text: string, session: MutableSession): void {
    const last = this.#entries.at(-1)
    if (last?.statement.reason === 'savepoint' && typeof last.query === 'string') {
      const set = SAVEPOINT.exec(last.query)?.[1]
      if (set !== undefined && RELEASE.exec(text)?.[1] === set) return void this.#entries.pop()
      if (set !== undefined && ROLLBACK_TO.exec(text)?.[1] === set) return
    }
    this.#add(text, { statement, session, isOrdered: false, answer: undefined })
  }
}

const SAVEPOINT = /^\s*savepoint\s+("[^"]+"|\w+)\s*;?\s*$/i
const RELEASE = /^\s*release\s+(?:savepoint\s+)?("[^"]+"|\w+)\s*;?\s*$/i
const ROLLBACK_TO = /^\s*rollback\s+(?:(?:work|transaction)\s+)?to\s+(?:savepoint\s+)?("[^"]+"|\w+)\s*;?\s*$/i

/** Whether a statement has done what it says. The server may have run it although its caller has an error. */
function isDone(error: Error | undefined, status: string | null, doubted: () => void): boolean {
  if (error !== undefined && !isServerError(error) && isOpen(status)) doubted()
  return error === undefined
}

function isShowing(reason: Statement['reason']): boolean {
  return reason === 'show' || reason === 'function-setting'
}

/** Whether this status is one of a transaction that goes on. */
function isOpen(status: string | null): boolean {
  return status === 'T' || status === 'E'
}

const NOT_KEPT: Running = { ended: nothing, dropped: nothing }

/** Returns a copy of a query that can be sent again; `undefined` when that would need more than its text and values. */
function repeatable({ keyValues, text, values }: Query): OwnQuery | undefined {
  if (text === undefined || keyValues.length < values.length) return undefined
  try {
    return values.length === 0 ? text : { text, values: [...wireValues(values)] }
  } catch {
    return undefined
  }
}
