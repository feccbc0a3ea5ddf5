import { createSession } from '../../consistency/session.ts'
import { decideRoute, type Asked, type RoutingPolicy } from '../../routing/decide.ts'
import type { Judge } from '../../statement/judge.ts'
import type { NameReader } from '../../statement/names.ts'
import {
  isReadOnly,
  opensOnStandby,
  opensOptimistically,
  runsOnStandby,
} from '../../statement/on-a-standby.ts'
import type { Statement } from '../../statement/statement.ts'
import { ClientState } from './client-state.ts'
import type { Cause, Outcome } from './outcome.ts'
import { splitScript } from './split-script.ts'
import type { Traffic } from './traffic.ts'

/** Bounds do not matter in a session that has not written. */
const ANY_POLICY: RoutingPolicy = { consistency: 'eventual', windowMs: 0, maxStalenessMs: 0 }
const NOTHING_ASKED: Asked = { request: {}, keyValues: [] }
const ANY_SESSION = createSession()

/** A transaction with more statements is told in parts. */
const MOST_BUFFERED = 10_000

export interface ReplayOptions {
  readonly judge: Judge
  readonly names: NameReader
  /** Whether transactions begin on a replica unless they say READ WRITE. */
  readonly isOptimistic: boolean
  /** Whether a client keeps its connection, and what it has left there, for as long as that is open. */
  readonly keepsClients: boolean
  readonly told: (outcome: Outcome) => void
}

/** Runs traffic through the decisions of the pool, without a server: each statement is taken to succeed. */
export class Replay {
  readonly #options: ReplayOptions
  readonly #clients = new Map<string, ReplayedClient>()

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  ran(traffic: Traffic): void {
    const { session } = traffic
    // Alone it is in no transaction, and leaves nothing for the next one.
    if (session === undefined) return new ReplayedClient(this.#options).ranAlone(traffic)
    let client = this.#clients.get(session)
    if (client === undefined) {
      client = new ReplayedClient(this.#options)
      this.#clients.set(session, client)
    }
    client.ran(traffic)
  }

  ended(session: string): void {
    this.#clients.get(session)?.end()
    this.#clients.delete(session)
  }

  /** Tells of the transactions that are still open. */
  end(): void {
    for (const session of this.#clients.keys()) this.ended(session)
  }
}

/** A transaction whose statements are told when it is known whether it writes. */
interface Transaction {
  /** Where it runs: it has begun on a replica, or has moved to the primary. */
  place: 'replica' | 'moved' | 'primary'
  readonly isReadOnly: boolean
  hasWritten: boolean
  statements: { readonly traffic: Traffic; readonly statement: Statement; readonly onReplica: boolean }[]
}

class ReplayedClient {
  readonly #options: ReplayOptions
  readonly #state: ClientState
  #transaction: Transaction | undefined

  constructor(options: ReplayOptions) {
    this.#options = options
    this.#state = new ClientState(options.names)
  }

  ranAlone(traffic: Traffic): void {
    const statement = this.#options.judge.judge(traffic.sql)
    const isOpening = opensOnStandby(statement)
    this.#tell(traffic, statement, isOpening ? undefined : this.#causeOutside(statement, traffic.sql))
  }

  ran(traffic: Traffic): void {
    const { sql } = traffic
    const statement = this.#options.judge.judge(sql)
    const before = this.#transaction
    if (before !== undefined) this.#inTransaction(before, statement, traffic)
    else if (begins(statement, sql)) this.#begin(statement, traffic)
    else this.#tell(traffic, statement, this.#causeOutside(statement, sql))
    const after = this.#transaction
    this.#state.ran(statement, sql, before !== undefined, after !== undefined)
    if (after === undefined && !this.#options.keepsClients) this.#state.released()
  }

  end(): void {
    this.#over()
  }

  #begin(statement: Statement, traffic: Traffic): void {
    const { isOptimistic } = this.#options
    const opens = opensOnStandby(statement) || (isOptimistic && opensOptimistically(statement))
    const isFree = this.#state.pins.size === 0 && this.#state.bindingSetting === undefined
    const onReplica = opens && isFree
    this.#transaction = {
      place: onReplica ? 'replica' : 'primary',
      isReadOnly: isReadOnly(statement),
      hasWritten: statement.multiple && statement.mayWrite,
      statements: [{ traffic, statement, onReplica }],
    }
  }

  #inTransaction(transaction: Transaction, statement: Statement, traffic: Traffic): void {
    const { sql } = traffic
    if (transaction.place === 'replica' && !this.#staysOnReplica(transaction, statement, sql)) {
      transaction.place = 'moved'
    }
    const isEnd = ends(statement, sql)
    if (!isEnd && statement.kind !== 'read' && writes(statement)) transaction.hasWritten = true
    const onReplica = transaction.place === 'replica'
    transaction.statements.push({ traffic, statement, onReplica })
    if (isEnd) this.#over()
    else if (transaction.statements.length >= MOST_BUFFERED) this.#tellOf(transaction)
  }

  #staysOnReplica({ isReadOnly: onlyReads }: Transaction, statement: Statement, sql: string): boolean {
    if (statement.kind === 'read' && statement.hint === 'primary') return false
    return runsOnStandby(statement, sql, [], onlyReads)
  }

  #over(): void {
    if (this.#transaction === undefined) return
    this.#tellOf(this.#transaction)
    this.#transaction = undefined
  }

  #tellOf(transaction: Transaction): void {
    const { place, isReadOnly: onlyReads, hasWritten } = transaction
    // An optimistic transaction that moves runs its reads again on the primary.
    const isRepeated = place === 'moved' && !onlyReads
    const ofReads: Cause =
      place === 'moved' && onlyReads
        ? 'in-moved-transaction'
        : hasWritten || isRepeated
          ? 'in-writing-transaction'
          : 'in-reading-transaction'
    for (const { traffic, statement, onReplica } of transaction.statements.splice(0)) {
      if (onReplica && !isRepeated) this.#tell(traffic, statement, undefined)
      else this.#tell(traffic, statement, statement.kind === 'read' ? ofReads : statement.reason)
    }
  }

  /** The cause of a statement outside of transactions; absent for a replica. */
  #causeOutside(statement: Statement, sql: string): Cause | undefined {
    if (statement.kind !== 'read') return statement.reason
    if (this.#state.binds(sql, false)) return 'pinned'
    if (this.#state.bindingSetting !== undefined) return 'setting'
    const { reason, role } = decideRoute(statement, ANY_SESSION, NOTHING_ASKED, ANY_POLICY, 0)
    return role === 'replica' ? undefined : reason === 'hint-primary' ? reason : statement.reason
  }

  #tell(traffic: Traffic, statement: Statement, cause: Cause | undefined): void {
    this.#options.told({ traffic, statement, ...(cause !== undefined && { cause }) })
  }
}

/** Whether a transaction is open behind a text that began outside of one. */
function begins(statement: Statement, sql: string): boolean {
  if (statement.kind !== 'transaction' && !statement.multiple) return false
  if (!statement.multiple) return statement.reason === 'begin'
  return lastControl(sql) === 'begin'
}

/** Whether no transaction is open behind a text that began within one. */
function ends(statement: Statement, sql: string): boolean {
  const { kind, multiple, reason } = statement
  if (multiple) return lastControl(sql) === 'end'
  return kind === 'transaction' && (endsHere(reason, sql) || reason === 'two-phase')
}

function endsHere(reason: Statement['reason'], sql: string): boolean {
  return (reason === 'commit' || reason === 'rollback') && !/\band\s+chain\b/i.test(sql)
}

/** The last statement of several that begins or ends a transaction. */
function lastControl(sql: string): 'begin' | 'end' | undefined {
  const last = splitScript(sql).findLast((each) => CONTROL.test(each))
  if (last === undefined) return undefined
  return /^\s*(?:begin|start)\b/i.test(last) ? 'begin' : 'end'
}

const CONTROL =
  /^\s*(?:begin|start\s+transaction|commit|end|rollback(?!\s+(?:work\s+|transaction\s+)?to\b)|abort)\b/i

/** Whether it is a reason to have the transaction on the primary. */
function writes({ kind, mayWrite, reason }: Statement): boolean {
  return (kind === 'write' || kind === 'session') && (mayWrite || reason === 'row-lock')
}
