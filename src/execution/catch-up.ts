import { asError } from '../errors/as-error.ts'
import type { PlanStep, QueryPlan } from '../selection/query-plan.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Attempted } from './attempted.ts'
import type { Runner } from './attempts.ts'
import type { Surroundings } from './execution.ts'
import type { Feedback, SendingEnded } from './feedback.ts'
import { BEHIND, inBand } from './in-band.ts'
import type { ReadTerms } from './read-attempt.ts'
import { soonerStep } from './sooner.ts'
import type { Walk } from './walk.ts'

/** Age of an observation below which a replica's position is not checked together with a read, in milliseconds. */
const JUST_HEARD_MS = 10

/** How long a read waits for a replica that was expected to catch up soon, in milliseconds. */
const LONGEST_SOON_MS = 50

/** Continues a read once it is known where. */
export interface Walks {
  done(walk: Walk, error: Error): void
  /** Goes on with the plan at its index. */
  step(walk: Walk): void
  /** Runs it on the primary if there is room, else calls `otherwise`. */
  spill(walk: Walk, step: PlanStep, otherwise: () => void): void
  /** A replica that was asked in band has served it, or failed it. */
  answered(walk: Walk, node: NodeView, attempted: Attempted): void
  /** A replica that was asked in band may be sick. */
  suspect(walk: Walk, node: NodeView, attempted: Attempted, ended: SendingEnded): void
}

export interface CatchUpOptions {
  readonly surroundings: Pick<Surroundings, 'cluster' | 'listener' | 'platform'>
  readonly attempts: Runner
  /** Options of an attempt on a replica. */
  readonly terms: ReadTerms
  /** How long a read waits for a replica to catch up, in milliseconds. */
  readonly catchUpTimeoutMs: number
  readonly feedback: Feedback
  readonly walks: Walks
}

/** Runs reads that no replica is known to be ready for, because of what their session has written or seen. */
export class CatchUp {
  readonly #options: CatchUpOptions

  constructor(options: CatchUpOptions) {
    this.#options = options
  }

  /** Runs a read that no replica is known to be ready for: on the primary, if that is quicker and has room. */
  run(walk: Walk, replicas: readonly NodeView[]): void {
    this.#options.surroundings.cluster.follow()
    const { walks } = this.#options
    const { follower } = walk.read
    const step = soonerStep(walk.plan)
    const wait = (): void => this.#tryInBand(walk, replicas)
    if (step === undefined) return wait()
    const showing = follower?.showing?.()
    if (showing === undefined) return walks.spill(walk, step, wait)
    showing.then(
      (is) => (is === 'hidden' ? wait() : walks.spill(walk, step, wait)),
      (error: unknown) => walks.done(walk, asError(error)),
    )
  }

  /**
   * Tries replicas that are not known to show the session's writes. One whose observation is not recent may show them:
   * its position is checked together with the read.
   */
  #tryInBand(walk: Walk, [node]: readonly NodeView[]): void {
    const { attempts, feedback, surroundings, terms, walks } = this.#options
    const { listener, platform } = surroundings
    const { read } = walk
    const { canPipeline, conversation, position } = read
    const heardAtMs = node?.state.name === 'up' ? node.state.observation.sentAtMs : Infinity
    const isWorthIt = platform.now() - heardAtMs > JUST_HEARD_MS
    const isAble = isWorthIt && canPipeline !== false && conversation?.held === undefined
    if (node === undefined || position === undefined || !isAble) return this.wait(walk)
    const ended = feedback.sending(node, undefined)
    const asked = { send: inBand((client, done) => read.send(client, done), node, position) }
    attempts.read(node, asked, terms, (attempted) => {
      const { failure, result } = attempted
      if (failure === 'sick') return walks.suspect(walk, node, attempted, ended)
      ended(failure, attempted.waitedMs)
      if (result === BEHIND || failure === 'busy' || failure === 'full') return this.wait(walk)
      if (failure === undefined || failure === 'statement' || failure === 'overdue')
        return walks.answered(walk, node, attempted)
      if (failure === 'node' && attempted.error !== undefined) listener.nodeFailed(node, attempted.error)
      this.wait(walk)
    })
  }

  /** A read that the primary could serve waits only as long as the estimate is likely to be right. */
  #timeoutMs({ plan }: Walk): number {
    const { catchUpTimeoutMs } = this.#options
    const isServable = plan.steps.some(({ reason }) => reason === 'sooner')
    return isServable && soonerStep(plan) === undefined
      ? Math.min(catchUpTimeoutMs, LONGEST_SOON_MS)
      : catchUpTimeoutMs
  }

  /** Waits for replicas to catch up with the session before it uses the primary. */
  wait(walk: Walk, timeoutMs: number = this.#timeoutMs(walk), after = (): void => {}): void {
    const { surroundings, walks } = this.#options
    const planned = (plan: QueryPlan): void => {
      walk.plan = plan
      walk.index = 0
      walks.step(walk)
    }
    const waited = surroundings.cluster.awaitReplica(() => walk.read.replan(), timeoutMs).then(planned)
    void waited.catch((error: unknown) => walks.done(walk, asError(error))).finally(after)
  }
}
