import { asError } from '../errors/as-error.ts'
import type { PlanStep, QueryPlan } from '../selection/query-plan.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Attempted } from './attempted.ts'
import type { Runner } from './attempts.ts'
import type { Surroundings } from './execution.ts'
import type { Feedback, SendingEnded } from './feedback.ts'
import { BEHIND, inBand } from './in-band.ts'
import type { ReadTerms } from './read-attempt.ts'
import type { SpillGate } from './spill-gate.ts'
import type { Walk } from './walk.ts'

/** Age of an observation below which a replica's position is not checked together with a read, in milliseconds. */
const JUST_HEARD_MS = 10

/** How long a read waits for a replica that was expected to catch up soon, in milliseconds. */
const LONGEST_SOON_MS = 50

/**
 * How long reads do not wait for such a replica after one has waited without success, or too many have waited, in
 * milliseconds.
 */
const IMPATIENT_FOR_MS = 1_000

/** When reads wait longer than `MOST_WAITED_MS` in all within this time, in milliseconds, the primary is quicker. */
const WINDOW_MS = 100
const MOST_WAITED_MS = 90

/** How long such a wait is expected to take, in milliseconds. A longer one counts for its whole time. */
const SOON_MS = 3

/** Called, one of them, when the primary cannot run a read now. */
export interface Otherwise {
  /** It has no room, in all or for its tier. */
  readonly full: () => void
  /** It does not show what the session has seen. */
  readonly hidden: () => void
}

/** Continues a read once it is known where. */
export interface Walks {
  done(walk: Walk, error: Error): void
  /** Goes on with the plan at its index. */
  step(walk: Walk): void
  /** Runs it on the primary if that has room and shows what the session has seen. */
  usePrimary(walk: Walk, step: PlanStep, otherwise: Otherwise): void
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
  /** Slots of reads on the primary. */
  readonly spill: Pick<SpillGate, 'whenRoom'>
  readonly walks: Walks
}

/** Runs reads that no replica is known to be ready for, because of what their session has written or seen. */
export class CatchUp {
  readonly #options: CatchUpOptions
  /** From then on reads wait again for replicas that are expected to catch up soon. */
  #patientFromMs = -Infinity
  /** How long reads have waited in all since then, in milliseconds. */
  #waitedMs = 0
  #waitsSinceMs = -Infinity

  constructor(options: CatchUpOptions) {
    this.#options = options
  }

  /** Runs a read that no replica is known to be ready for: on the primary, if that is quicker and has room. */
  run(walk: Walk, replicas: readonly NodeView[]): void {
    const { surroundings } = this.#options
    surroundings.cluster.follow()
    const isPatient = surroundings.platform.now() >= this.#patientFromMs
    const step = walk.plan.steps.find(
      ({ reason }) => reason === 'sooner' || (!isPatient && reason === 'fallback'),
    )
    if (step === undefined) return this.#tryInBand(walk, replicas)
    this.#options.walks.usePrimary(walk, step, {
      full: () => this.#tryInBand(walk, replicas, step),
      hidden: () => this.#tryInBand(walk, replicas),
    })
  }

  /**
   * Tries replicas that are not known to show the session's writes. One whose observation is not recent may show them:
   * its position is checked together with the read.
   * @param full Step of the primary, which has no room now. Absent: it was not asked, or does not show enough.
   */
  #tryInBand(walk: Walk, [node]: readonly NodeView[], full?: PlanStep): void {
    const { attempts, feedback, surroundings, terms, walks } = this.#options
    const { listener, platform } = surroundings
    const { read } = walk
    const { canPipeline, conversation, position } = read
    const heardAtMs = node?.state.name === 'up' ? node.state.observation.sentAtMs : Infinity
    const isWorthIt = platform.now() - heardAtMs > JUST_HEARD_MS
    const isAble = isWorthIt && canPipeline !== false && conversation?.held === undefined
    if (node === undefined || position === undefined || !isAble) return this.#wait(walk, full)
    const ended = feedback.sending(node, undefined)
    const asked = {
      send: inBand((client, done) => read.send(client, done), node, position),
      custom: read.custom,
      trace: read.trace,
    }
    attempts.read(node, asked, terms, (attempted) => {
      const { failure, result } = attempted
      if (failure === 'sick') return walks.suspect(walk, node, attempted, ended)
      ended(failure, attempted.waitedMs)
      if (result === BEHIND || failure === 'busy' || failure === 'full') return this.#waitLater(walk, full)
      if (failure === undefined || failure === 'statement' || failure === 'overdue')
        return walks.answered(walk, node, attempted)
      if (failure === 'node' && attempted.error !== undefined) listener.nodeFailed(node, attempted.error)
      this.#waitLater(walk, full)
    })
  }

  /** Like `#wait` when time has passed. The primary may have room by now. */
  #waitLater(walk: Walk, full: PlanStep | undefined): void {
    if (full === undefined) return this.#wait(walk, full)
    this.#options.walks.usePrimary(walk, full, {
      full: () => this.#wait(walk, full),
      hidden: () => this.#wait(walk, undefined),
    })
  }

  #wait(walk: Walk, full: PlanStep | undefined): void {
    const { catchUpTimeoutMs } = this.#options
    if (full !== undefined) return this.#waitForEither(walk, full)
    // The primary could serve it, too.
    const isSoon = walk.plan.steps.some(({ reason }) => reason === 'fallback')
    if (!isSoon) return this.wait(walk, catchUpTimeoutMs)
    const { platform } = this.#options.surroundings
    const startedAtMs = platform.now()
    this.#waited(SOON_MS)
    this.#await(walk, Math.min(catchUpTimeoutMs, LONGEST_SOON_MS), () => {
      this.#waited(Math.max(0, platform.now() - startedAtMs - SOON_MS))
      const { catchingUp, steps } = walk.plan
      const step = steps.find(({ reason }) => reason === 'sooner' || reason === 'fallback')
      if (catchingUp === undefined || step === undefined) return this.#options.walks.step(walk)
      this.#losePatience()
      this.#options.walks.usePrimary(walk, step, {
        full: () => this.#waitForEither(walk, step),
        hidden: () => this.wait(walk, catchUpTimeoutMs),
      })
    })
  }

  /** Waits for a replica to catch up, or for room on the primary: whichever comes first. */
  #waitForEither(walk: Walk, step: PlanStep): void {
    const { catchUpTimeoutMs, spill, surroundings, walks } = this.#options
    const { listener, platform } = surroundings
    const { trace } = walk.read
    let sinceMs = platform.now()
    let isAsked = false
    /** Goes on without the primary, when the wait for replicas has ended while the primary was asked. */
    let instead: (() => void) | undefined
    const hope = (): (() => void) =>
      spill.whenRoom(() => {
        isAsked = true
        listener.waited('catch-up', sinceMs, trace)
        walks.usePrimary(walk, step, { full: missed, hidden: missed })
      })
    const missed = (): void => {
      isAsked = false
      if (instead !== undefined) return instead()
      sinceMs = platform.now()
      trace?.waits('catch-up')
      giveUp = hope()
    }
    let giveUp = hope()
    const ended = (goOn: () => void): void => {
      if (isAsked) return void (instead = goOn)
      giveUp()
      listener.waited('catch-up', sinceMs, trace)
      goOn()
    }
    trace?.waits('catch-up')
    const planned = (plan: QueryPlan): void => {
      ended(() => {
        walk.plan = plan
        walk.index = 0
        walks.step(walk)
      })
    }
    surroundings.cluster
      .awaitReplica(() => walk.read.replan(), catchUpTimeoutMs)
      .then(planned, (error: unknown) => ended(() => walks.done(walk, asError(error))))
      .catch((error: unknown) => walks.done(walk, asError(error)))
  }

  /** Adds up how long reads wait. */
  #waited(ms: number): void {
    const nowMs = this.#options.surroundings.platform.now()
    if (nowMs - this.#waitsSinceMs > WINDOW_MS) {
      this.#waitsSinceMs = nowMs
      this.#waitedMs = 0
    }
    this.#waitedMs += ms
    if (this.#waitedMs > MOST_WAITED_MS) this.#losePatience()
  }

  #losePatience(): void {
    this.#patientFromMs = this.#options.surroundings.platform.now() + IMPATIENT_FOR_MS
  }

  /** Waits for replicas to catch up with the session, and goes on with the plan that there is then. */
  wait(walk: Walk, timeoutMs: number, after?: () => void): void {
    this.#await(walk, timeoutMs, () => this.#options.walks.step(walk), after)
  }

  #await(walk: Walk, timeoutMs: number, goOn: () => void, after = (): void => {}): void {
    const { surroundings, walks } = this.#options
    const { listener, platform } = surroundings
    const sinceMs = platform.now()
    walk.read.trace?.waits('catch-up')
    const planned = (plan: QueryPlan): void => {
      listener.waited('catch-up', sinceMs, walk.read.trace)
      walk.plan = plan
      walk.index = 0
      goOn()
    }
    const waited = surroundings.cluster.awaitReplica(() => walk.read.replan(), timeoutMs).then(planned)
    void waited.catch((error: unknown) => walks.done(walk, asError(error))).finally(after)
  }
}
