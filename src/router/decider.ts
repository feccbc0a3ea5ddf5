import { EVERYTHING } from '../catalog/footprint.ts'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import type { Overlay } from '../consistency/overlay.ts'
import type { MutableSession } from '../consistency/session.ts'
import type { Decision, Hold, Holder } from '../execution/decision.ts'
import type { ExecutionListener } from '../execution/execution.ts'
import type { Query } from '../nodes/query.ts'
import type { WaitReason } from '../nodes/trace.ts'
import { explain, type Explanation } from '../observability/explain.ts'
import { BOUND_BY_SETTING, decideRoute, NOT_A_READ, type RoutingPolicy } from '../routing/decide.ts'
import type { Platform } from '../platform/platform.ts'
import type { Route } from '../routing/route.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Journal } from '../settings/journal.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'
import { mayRunUnparsed, UNPARSED } from '../statement/unparsed.ts'
import { mayShare } from '../statement/may-share.ts'
import { isReadOnly, opensOnStandby, opensOptimistically } from '../statement/on-a-standby.ts'
import type { Statement } from '../statement/statement.ts'
import type { Executors } from './executors.ts'
import type { Judgement } from './judgement.ts'
import type { Readiness } from './readiness.ts'
import type { ReadOnlyOpener } from './read-only-opener.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { Again } from './session-returns.ts'

const nothing = (): void => {}

/** Events of decisions, for statistics and traces. */
export interface DecisionListener extends Pick<ExecutionListener, 'waited'> {
  decided(this: void, decision: Decision): void
}

export interface DeciderOptions {
  readonly policy: RoutingPolicy & Pick<ResolvedOptions, 'transactions'>
  readonly platform: Pick<Platform, 'now'>
  readonly readiness: Pick<Readiness, 'isReady' | 'looked' | 'mayRunUnparsed' | 'prepare' | 'used'>
  readonly judgement: Pick<Judgement, 'judge' | 'changeKnown' | 'judgeAnew' | 'start'>
  readonly sessions: Pick<SessionKeeper, 'awaited' | 'context'> & {
    /** Resolves when the session may go to another node now; `undefined` for nothing to wait for. */
    moved(decision: Decision, again: Again): Promise<void> | undefined
  }
  readonly settings: Pick<SettingKeeper, 'pool' | 'binds'>
  readonly executors: Pick<Executors, 'of'>
  readonly openings: Pick<ReadOnlyOpener, 'mayOpen'>
}

/**
 * Decides where statements run. Only this class classifies a text, waits for the catalog and the session's floor, and
 * chooses candidates.
 */
export class Decider {
  readonly #options: DeciderOptions
  readonly #listener: DecisionListener
  #isFirst = true

  constructor(options: DeciderOptions, listener: DecisionListener) {
    this.#options = options
    this.#listener = listener
  }

  /**
   * Decides about a statement as the next one of its session. Returns a promise only if it has to wait for the first
   * round of probes, the catalog, or the session's floor.
   *
   * Throws, or rejects with, `SWITCHYARD_INVALID_OPTION` when there is no such tier.
   *
   * @param journal Settings that its connection must have. Absent: those of the pool.
   * @param holder The client that it belongs to, if the client may be bound to a connection.
   */
  decide(
    query: Query,
    session: MutableSession,
    journal?: Journal,
    holder?: Holder,
  ): Decision | Promise<Decision> {
    const again = (): Decision | Promise<Decision> => this.#decide(query, session, journal, holder)
    const moved = (decision: Decision): Decision | Promise<Decision> => {
      const isRead = decision.runs === 'read' || decision.runs === 'opening'
      return (
        (isRead &&
          this.#waits('replica-change', query, this.#options.sessions.moved(decision, again))?.then(again)) ||
        decision
      )
    }
    const decided = again()
    const last = decided instanceof Promise ? decided.then(moved) : moved(decided)
    if (last instanceof Promise) void last.then(this.#listener.decided, nothing)
    else this.#listener.decided(last)
    return last
  }

  #decide(
    query: Query,
    session: MutableSession,
    journal?: Journal,
    holder?: Holder,
  ): Decision | Promise<Decision> {
    const { judgement, readiness } = this.#options
    if (!readiness.isReady) {
      const isUnparsed = this.#mayBeUnparsed(query, session, holder)
      if (isUnparsed) return this.#decideUnparsed(query, session, journal)
      return this.#waits('first-look', query, readiness.prepare()).then(() =>
        this.#decide(query, session, journal, holder),
      )
    }
    readiness.used()
    const statement = judgement.judge(query.text)
    const hold = holder?.holds(statement, query)
    const known = this.#waits('catalog', query, this.#changeKnown(statement, query, hold))
    if (known === undefined) return this.#settle(statement, query, session, journal, hold, holder)
    return known.then(() => {
      const classified = judgement.judge(query.text)
      const held = holder?.holds(classified, query)
      return this.#settle(classified, query, session, journal, held, holder)
    })
  }

  /**
   * Whether a statement may run before the parser is loaded. Only the first one of a pool may, so that a new process
   * answers sooner: more would move reads to the primary. It has no session, whose token tells whether it has written.
   */
  #mayBeUnparsed(query: Query, session: MutableSession, holder: Holder | undefined): boolean {
    const { readiness, sessions } = this.#options
    const isFirst = this.#isFirst
    this.#isFirst = false
    if (!isFirst || holder !== undefined || session !== sessions.context.implicit) return false
    if (!readiness.mayRunUnparsed) return false
    const isPlain = Object.keys(query.request).length === 0 && query.asConfig().name === undefined
    return isPlain && query.text !== undefined && mayRunUnparsed(query.text)
  }

  /** Sends a statement to the primary as a write as soon as the nodes have been looked at. */
  async #decideUnparsed(
    query: Query,
    session: MutableSession,
    journal: Journal | undefined,
  ): Promise<Decision> {
    const { readiness } = this.#options
    const hasPrimary = await this.#waits('first-look', query, readiness.looked())
    if (!hasPrimary) return this.#decide(query, session, journal)
    readiness.used()
    return this.#route(UNPARSED, query, session, journal, false)
  }

  /** Explains the decision about a statement without running it; see `decide`. */
  async explain(
    query: Query,
    session: MutableSession,
    journal?: Journal,
    holder?: Holder,
  ): Promise<Explanation> {
    const { judgement, readiness } = this.#options
    if (!readiness.isReady) await readiness.prepare()
    judgement.start()
    const decision = await this.#decide(query, session, journal, holder)
    return explain(decision, this.#options.platform.now(), holder?.pins)
  }

  /**
   * Resolves when the catalog may have changed the classification of the statement; `undefined` if there is nothing to
   * wait for.
   */
  #changeKnown(statement: Statement, { text }: Query, hold: Hold | undefined): Promise<unknown> | undefined {
    const { judgement } = this.#options
    if (hold === undefined) return judgement.changeKnown(statement)
    // On the primary it runs in any case. In a transaction on a replica it fails unless it is a proven read.
    const isDoubtful = hold.role === 'replica' && statement.reason === 'catalog-pending'
    return isDoubtful ? judgement.judgeAnew(text) : undefined
  }

  /** Records how long a statement waits. */
  #waits<Wait extends Promise<unknown> | undefined>(reason: WaitReason, { trace }: Query, wait: Wait): Wait {
    if (wait === undefined) return wait
    const sinceMs = this.#options.platform.now()
    trace?.waits(reason)
    const over = (): void => this.#listener.waited(reason, sinceMs, trace)
    wait.then(over, over)
    return wait
  }

  #settle(
    statement: Statement,
    query: Query,
    session: MutableSession,
    journal: Journal | undefined,
    hold: Hold | undefined,
    holder: Holder | undefined,
  ): Decision | Promise<Decision> {
    if (hold !== undefined) return this.#hold(statement, query, session, journal, hold)
    // A transaction belongs to a client, but `pool.query('BEGIN')` begins one without a holder.
    const opens = holder !== undefined && this.#opens(statement, query, journal)
    if (statement.kind !== 'read' && !opens) return this.#route(statement, query, session, journal, false)
    const asked = this.#options.sessions.awaited(session, query.request, statement.hint)
    const awaited = this.#waits('position', query, asked)
    if (awaited === undefined) return this.#route(statement, query, session, journal, opens)
    return awaited.then(() => this.#route(statement, query, session, journal, opens))
  }

  #route(
    statement: Statement,
    query: Query,
    session: MutableSession,
    journal: Journal | undefined,
    opens: boolean,
  ): Decision {
    const { executors, platform, policy } = this.#options
    const executor = executors.of(query.request, session)
    const isRead = statement.kind === 'read'
    // A read-only transaction goes where a read of everything may go.
    const read: Statement = opens ? { ...statement, kind: 'read', footprint: EVERYTHING } : statement
    const route =
      isRead && this.#binds(journal)
        ? BOUND_BY_SETTING
        : decideRoute(read, session, query, policy, platform.now())
    const overlay = this.#overlayOf(session, journal)
    const plan = executor.plan(route, overlay === undefined && mayShare(statement) ? query.text : undefined)
    const runs = isRead ? 'read' : opens && route.role === 'replica' ? 'opening' : 'primary'
    // The primary is as good for a transaction that may write, so that waits for no replica.
    const isPointless = runs === 'opening' && !isReadOnly(statement) && plan.steps[0]?.reason !== 'replica'
    if (isPointless) return this.#route(statement, query, session, journal, false)
    return { runs, query, session, journal, overlay, statement, route, plan, executor }
  }

  #hold(
    statement: Statement,
    query: Query,
    session: MutableSession,
    journal: Journal | undefined,
    { node, reason, role }: Hold,
  ): Decision {
    const executor = this.#options.executors.of(query.request, session)
    const mayBeRead = statement.kind === 'read' || statement.reason === 'catalog-pending'
    const isBound = mayBeRead || role === 'replica'
    const held: Route = role === 'replica' ? { role, reason, freshness: {} } : { role, reason }
    const route = isBound ? held : NOT_A_READ
    const plan: QueryPlan =
      node === undefined ? executor.plan(route) : { steps: [{ node, reason: 'held' }], rejected: [] }
    const overlay = this.#overlayOf(session, journal)
    return { runs: 'held', query, session, journal, overlay, statement, route, plan, executor, held: node }
  }

  #opens(statement: Statement, { request }: Query, journal: Journal | undefined): boolean {
    const { openings, policy } = this.#options
    const isOptimistic = request.optimistic ?? policy.transactions === 'optimistic'
    const opens = opensOnStandby(statement) || (isOptimistic && opensOptimistically(statement))
    return opens && !this.#binds(journal) && openings.mayOpen(statement)
  }

  /** Returns the settings of the session for a statement without a client: a client has them in its journal. */
  #overlayOf(session: MutableSession, journal: Journal | undefined): Overlay | undefined {
    return journal === undefined ? this.#options.sessions.context.overlayOf(session) : undefined
  }

  #binds(journal: Journal | undefined): boolean {
    const { settings } = this.#options
    return settings.binds(journal ?? settings.pool.journal)
  }
}
