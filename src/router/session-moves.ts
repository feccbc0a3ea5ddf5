import type { MutableSession, SeenRead } from '../consistency/session.ts'
import type { Position } from '../consistency/position.ts'
import { SharedCall } from '../consistency/shared-call.ts'
import { shownUpTo } from '../consistency/shown-up-to.ts'
import type { Decision } from '../execution/decision.ts'
import type { Platform } from '../platform/platform.ts'
import { within } from '../platform/within.ts'
import { hasReached } from '../selection/eligibility.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { NodeId, Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Time in which a session may leave its replica at most once, in milliseconds. */
export const TURN_MS = 250

/** Number of questions that all sessions together may ask in a turn. */
export const MOST_QUESTIONS = 20

/** How long a read waits for the answers that a move needs, in milliseconds. */
const PATIENCE_MS = 30
/** How long the other replica is asked, and the time between two questions, in milliseconds. */
const ASKED_FOR_MS = 8
const GAP_MS = 2

export interface SessionMovesOptions {
  readonly platform: Platform
  readonly cluster: { readonly questions: Pick<WatchedCluster['questions'], 'progressOf'> }
}

/** The parts of a decision that a move depends on. */
export type Movable = Pick<Decision, 'plan' | 'route' | 'session'> & {
  readonly executor: Pick<Decision['executor'], 'plan'>
}

/**
 * Moves sessions with monotonic reads to replicas that the balancer prefers. A session stays with the replica that it
 * reads from, since that needs no proof. Without moves, a replica that comes back would get no share of long sessions.
 *
 * Only the first read of a session in each turn may begin a move. It waits until the session's replica has told what it
 * has shown, and the other one has replayed that. Turns begin at the same time for all sessions, so sessions that read
 * without a pause share these questions. Half of them stay by chance: otherwise all would go to the same idle replica
 * together, and back in the next turn.
 */
export class SessionMoves {
  readonly #options: SessionMovesOptions
  /** Decisions for the first read after each read. They hold for all reads that begin at the same time. */
  readonly #decided = new WeakMap<SeenRead, Promise<void> | 'stays'>()
  readonly #calls = new Map<NodeId, SharedCall<Observation | undefined>>()
  #turn = -Infinity
  /** Number of questions in this turn. */
  #asked = 0

  constructor(options: SessionMovesOptions) {
    this.#options = options
  }

  /** Resolves when the decision's session has moved, or stays after all; `undefined` if it just stays. */
  before(decision: Movable): Promise<void> | undefined {
    const last = readToLeave(decision)
    if (last === undefined || turnOf(last.atMs) === turnOf(this.#options.platform.now())) return undefined
    let decided = this.#decided.get(last)
    if (decided === undefined) {
      decided = this.#decide(last, decision)
      this.#decided.set(last, decided)
    }
    return decided === 'stays' ? undefined : decided
  }

  #decide(last: SeenRead, decision: Movable): Promise<void> | 'stays' {
    if (this.#options.platform.random() < 0.5) return 'stays'
    const from = replicaOf(decision.plan)
    if (from === undefined || identityOf(from) !== last.serverIdentity) return 'stays'
    const to = preferredBy(decision)
    const next = to && identityOf(to)
    if (to === undefined || next === undefined || next === last.serverIdentity) return 'stays'
    return this.#move(last, next, from, to, decision)
  }

  async #move(
    last: SeenRead,
    next: string,
    from: NodeView,
    to: NodeView,
    { plan, session }: Movable,
  ): Promise<void> {
    if (plan.steps.some(({ node, reason }) => node.id === to.id && reason === 'replica')) {
      return replace(session, last, { ...last, next })
    }
    const upTo = await within(this.#options.platform, this.#prove(last, from.id, to.id), PATIENCE_MS)
    if (upTo !== undefined) replace(session, last, { ...last, upTo, next })
  }

  /** Returns a position that covers what the server of a read has shown, once the other replica has reached it. */
  async #prove(last: SeenRead, from: NodeId, to: NodeId): Promise<Position | undefined> {
    const { platform } = this.#options
    const left = await this.#ask(from)
    // After a restart it may be behind what it had shown.
    if (left === undefined || left.serverIdentity !== last.serverIdentity) return undefined
    const upTo = shownUpTo(left)
    if (upTo === undefined) return undefined
    const untilMs = platform.now() + ASKED_FOR_MS
    for (;;) {
      const reached = await this.#ask(to)
      if (reached === undefined) return undefined
      if (hasReached(reached, upTo)) return upTo
      if (platform.now() >= untilMs) return undefined
      await new Promise<void>((resolve) => platform.schedule(GAP_MS, resolve))
    }
  }

  /** Asks a node for its position with a question that is sent after the call. Callers share it. */
  async #ask(id: NodeId): Promise<Observation | undefined> {
    let call = this.#calls.get(id)
    if (call === undefined) {
      call = new SharedCall(async () =>
        this.#mayAsk() ? this.#options.cluster.questions.progressOf(id) : undefined,
      )
      this.#calls.set(id, call)
    }
    const observation = await call.result()
    if (call.isIdle) this.#calls.delete(id)
    return observation
  }

  #mayAsk(): boolean {
    const turn = turnOf(this.#options.platform.now())
    if (turn !== this.#turn) this.#asked = 0
    this.#turn = turn
    this.#asked += 1
    return this.#asked <= MOST_QUESTIONS
  }
}

/** Replaces the session's only last read by what is known of it now, unless the session has read meanwhile. */
function replace(session: MutableSession, read: SeenRead, known: SeenRead): void {
  const { lastReads } = session
  if (lastReads.length === 1 && lastReads[0] === read) session.readFrom(known, lastReads)
}

/** Returns the one read that the next one must not fall behind, if its server has to prove what it has shown. */
function readToLeave({ route }: Movable): SeenRead | undefined {
  const after = route.role === 'primary' ? undefined : route.freshness.after
  const last = after?.length === 1 ? after[0] : undefined
  const isFree = last?.serverIdentity === undefined || last.upTo !== undefined || last.next !== undefined
  return isFree ? undefined : last
}

/** Returns the replica that the balancer would choose if the session had not read yet. */
function preferredBy({ executor, route }: Movable): NodeView | undefined {
  if (route.role === 'primary') return undefined
  return replicaOf(executor.plan({ ...route, freshness: { ...route.freshness, after: undefined } }))
}

function replicaOf({ steps: [first] }: QueryPlan): NodeView | undefined {
  return first?.reason === 'replica' && first.node.isBalanced !== true ? first.node : undefined
}

function identityOf({ state }: NodeView): string | undefined {
  return state.name === 'up' ? state.observation.serverIdentity : undefined
}

function turnOf(atMs: number): number {
  return Math.floor(atMs / TURN_MS)
}
