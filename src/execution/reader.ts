import type { PoolClient } from 'pg'
import { behindError } from '../consistency/behind-error.ts'
import type { Position } from '../consistency/position.ts'
import { asError } from '../errors/as-error.ts'
import type { PlanStep, QueryPlan } from '../selection/query-plan.ts'
import { isOut, type NodeView } from '../topology/snapshot.ts'
import { knownOf, type Attempted } from './attempted.ts'
import type { Runner } from './attempts.ts'
import { beforeRound } from './backoff.ts'
import { atRelease } from './at-release.ts'
import { CatchUp, type Otherwise } from './catch-up.ts'
import { Contests } from './contests.ts'
import type { Done, ExecutionLimits, Surroundings } from './execution.ts'
import { isAnswer, type Failure } from './failure.ts'
import { Feedback, type SendingEnded } from './feedback.ts'
import { callGuarded } from './guarded.ts'
import { ifShown, UNPROVEN, whenProven, type PrimaryCheck } from './if-shown.ts'
import { BEHIND } from './in-band.ts'
import { isUnfit, PASSED_OVER, provenRead } from './proven-read.ts'
import type { Read } from './read.ts'
import { NO_ROOM, type ReadTerms } from './read-attempt.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { SecondOpinions } from './second-opinion.ts'
import { isOfReplica, leaveSlot, noteSpill, termsWith, type Slot } from './slot.ts'
import { spillError, type SpillGate } from './spill-gate.ts'
import { Suspicions } from './suspicion.ts'
import { keepLast, startWalk, type Walk } from './walk.ts'

/** Time between two attempts to reach a server behind a shared address, in milliseconds. */
const LONGEST_GAP_MS = 16

const nothing = (): void => {}

/** Parts of a tier that its reader uses. */
export interface ReaderParts {
  readonly attempts: Runner
  readonly budget: RetryBudget
  readonly limits: Omit<ExecutionLimits, 'primarySpill'>
  readonly opinions: SecondOpinions
  readonly spill: SpillGate
  /** Returns the error when the primary is not a candidate. Absent: it has no slot. */
  readonly unserved?: (() => Error) | undefined
}

/**
 * Walks plans. After a failure the next candidate is tried: a read has no side effects, and no part of an answer has
 * reached the caller.
 */
export class Reader {
  readonly #surroundings: Surroundings
  readonly #parts: ReaderParts
  readonly #catchUp: CatchUp
  readonly #contests: Contests
  readonly #feedback: Feedback
  /** Options of attempts on replicas. */
  readonly #onReplica: ReadTerms

  constructor(surroundings: Surroundings, parts: ReaderParts) {
    const { health, listener } = surroundings
    const { attempts, opinions } = parts
    this.#surroundings = surroundings
    this.#parts = parts
    this.#onReplica = { timeoutMs: parts.limits.readTimeoutMs, keeps: false }
    this.#contests = new Contests({ attempts, health, listener, opinions })
    this.#feedback = new Feedback(surroundings)
    this.#catchUp = new CatchUp({
      surroundings,
      attempts,
      terms: this.#onReplica,
      catchUpTimeoutMs: parts.limits.catchUpTimeoutMs,
      feedback: this.#feedback,
      spill: parts.spill,
      walks: {
        done: (walk, error) => this.#done(walk, error),
        step: (walk) => this.#step(walk),
        usePrimary: (walk, step, otherwise) => this.#usePrimary(walk, step, otherwise),
        answered: (walk, node, attempted) => this.#attempted(walk, node, true, attempted),
        suspect: (walk, node, attempted, ended) => this.#suspect(walk, node, attempted, ended, -1),
      },
    })
  }

  read(read: Read, callback: Done): void {
    this.#parts.budget.earn()
    this.#parts.opinions.earn()
    const walk = startWalk(read, callback)
    const { catchingUp, steps } = read.plan
    if (catchingUp !== undefined) return this.#catchUp.run(walk, catchingUp)
    const [first] = steps
    // Nearly every read takes this path.
    if (first?.reason === 'replica' && !this.#isOut(first)) this.#attempt(walk, first)
    else this.#step(walk)
  }

  #step(walk: Walk): void {
    const step = walk.plan.steps[walk.index]
    if (step === undefined) return this.#planAnew(walk)
    if (this.#isOut(step)) {
      walk.index += 1
      return this.#step(walk)
    }
    if (step.reason !== 'fallback' && step.reason !== 'sooner') return this.#attempt(walk, step)
    whenProven(walk.read.follower?.showing, {
      shown: () => this.#spill(walk, step, () => this.#awaitSlot(walk, step)),
      hidden: () => this.#passPrimary(walk),
      failed: (error) => this.#done(walk, error),
    })
  }

  /** Runs a read on the primary if that has room and shows what the session has seen on replicas. */
  #usePrimary(walk: Walk, step: PlanStep, { full, hidden }: Otherwise): void {
    const { canPipeline, conversation, follower } = walk.read
    const showing = follower?.showing
    const prove = (): void => {
      whenProven(showing, {
        shown: () => this.#spill(walk, step, full, full),
        hidden,
        failed: (error) => this.#done(walk, error),
      })
    }
    if (showing?.judge === undefined || canPipeline === false || conversation !== undefined) return prove()
    const check: PrimaryCheck = { judge: showing.judge, heard: showing.heard, unproven: prove }
    this.#attempt(walk, step, { gate: this.#parts.spill, noRoom: full, full, check })
  }

  /** A node may have failed or restarted since the plan was made. */
  #isOut({ node }: PlanStep): boolean {
    return isOut(this.#surroundings.cluster.snapshot, node)
  }

  /** Retries later when the primary does not show what the session has seen. */
  #passPrimary(walk: Walk): void {
    const { platform } = this.#surroundings
    walk.untilMs ??= platform.now() + this.#parts.limits.failoverTimeoutMs
    if (platform.now() >= walk.untilMs) return this.#done(walk, walk.error ?? behindError())
    walk.index += 1
    this.#step(walk)
  }

  /** Runs a read on the primary in place of a replica, if it needs no slot or there is one; else calls `noRoom`. */
  #spill(walk: Walk, step: PlanStep, noRoom: () => void, full?: () => void): void {
    const { spill } = this.#parts
    const { listener } = this.#surroundings
    if (walk.read.conversation === undefined) return this.#attempt(walk, step, { gate: spill, noRoom, full })
    if (!spill.tryEnter()) return noRoom()
    noteSpill(listener, walk, step)
    this.#handOver(walk, () => spill.leave())
  }

  /** Waits for a slot. It holds no permit of its tier meanwhile, which writes may need. */
  #awaitSlot(walk: Walk, step: PlanStep): void {
    const { spill } = this.#parts
    const { listener, platform } = this.#surroundings
    const sinceMs = platform.now()
    const leave = (): void => spill.leave()
    walk.read.trace?.waits('spill-slot')
    spill.enter((isIn) => {
      listener.waited('spill-slot', sinceMs, walk.read.trace)
      if (isIn && walk.read.conversation !== undefined) {
        noteSpill(listener, walk, step)
        return this.#handOver(walk, leave)
      }
      if (isIn) return this.#attempt(walk, step, { leave })
      listener.spillRefused()
      walk.index += 1
      if (walk.plan.steps[walk.index] === undefined) this.#done(walk, walk.error ?? spillError())
      else this.#step(walk)
    })
  }

  #attempt(walk: Walk, step: PlanStep, slot?: Slot): void {
    const { node, reason } = step
    const isReplica = isOfReplica(step)
    const { listener } = this.#surroundings
    if (reason === 'last-resort') listener.lastResort()
    const chosenAt = reason === 'replica' ? walk.index : undefined
    const ended = isReplica ? this.#feedback.sending(node, walk.read.text, walk.plan, chosenAt) : undefined
    const once = isReplica ? this.#onReplica : termsWith(slot)
    const terms = walk.read.conversation?.held === undefined ? once : { ...once, keeps: true }
    if (node.isBalanced === true) return this.#attemptBalanced(walk, node, terms, ended)
    const gated = slot !== undefined && 'gate' in slot ? slot : undefined
    const check = gated?.check
    const sendable =
      check === undefined ? walk.read : ifShown(walk.read, node, check, this.#surroundings.platform)
    this.#parts.attempts.read(node, sendable, terms, (attempted) => {
      leaveSlot(slot, attempted)
      if (attempted.result === NO_ROOM) return gated?.noRoom()
      if (attempted.result === UNPROVEN) return check?.unproven()
      if (attempted.failure === 'full' && gated?.full !== undefined) return gated.full()
      if (slot !== undefined) noteSpill(listener, walk, step)
      if (isReplica && attempted.failure === 'sick') return this.#suspect(walk, node, attempted, ended)
      ended?.(attempted.failure, attempted.waitedMs)
      this.#attempted(walk, node, isReplica, attempted)
    })
  }

  /** Reads from a shared address. Each connection has to prove that its server may serve the read. */
  #attemptBalanced(walk: Walk, node: NodeView, terms: ReadTerms, ended: SendingEnded | undefined): void {
    const { platform } = this.#surroundings
    const { read } = walk
    const { canPipeline, follower } = read
    let served: { readonly server: NodeView; readonly upTo: Position | undefined } | undefined
    const proven = provenRead({
      node,
      send: (client, done) => read.send(client, done),
      platform,
      judge: (observation) => read.reached(node, observation),
      // After a server was behind, the read is not sent before the check has succeeded.
      isAhead: canPipeline !== false && !terms.keeps && walk.catchUpUntilMs === undefined,
      isFollowed: follower?.isMonotonic === true,
      served: (server, upTo) => (served = { server, upTo }),
    })
    this.#parts.attempts.read(
      node,
      { send: proven, custom: read.custom, trace: read.trace },
      { ...terms, keeps: true },
      (attempted) => {
        const { client, error, failure, result, waitedMs } = attempted
        if (failure === 'sick') return this.#suspect(walk, node, attempted, ended)
        ended?.(failure, waitedMs)
        if (result === BEHIND && client !== undefined) return this.#awaitServer(walk, client)
        const isPassedOver = result === PASSED_OVER
        if (isPassedOver || !terms.keeps) client?.release()
        if (isUnfit(error)) walk.error = error
        if (isPassedOver || isUnfit(error)) return this.#passOver(walk)
        this.#attempted(walk, served?.server ?? node, true, attempted, served?.upTo)
      },
    )
  }

  #passOver(walk: Walk): void {
    walk.index += 1
    this.#step(walk)
  }

  /** Tries the shared address again after a server that is behind, unless another candidate can serve the read. */
  #awaitServer(walk: Walk, client: PoolClient): void {
    const { platform } = this.#surroundings
    const { catchUpTimeoutMs } = this.#parts.limits
    const nowMs = platform.now()
    walk.catchUpUntilMs ??= nowMs + catchUpTimeoutMs
    const leftMs = walk.catchUpUntilMs - nowMs
    if (walk.plan.steps[walk.index + 1]?.reason === 'replica' || leftMs <= 0) {
      client.release()
      return this.#passOver(walk)
    }
    const { gapMs } = walk
    walk.gapMs = Math.min(2 * gapMs, LONGEST_GAP_MS)
    // A pool leases the connection that was released last. So it is released only after the next one has been
    // requested, but no later, since that request may have to wait for it.
    this.#catchUp.wait(walk, Math.min(gapMs, leftMs), () => platform.schedule(0, () => client.release()))
  }

  #attempted(walk: Walk, node: NodeView, isReplica: boolean, attempted: Attempted, upTo?: Position): void {
    const { failure, error, result, client } = attempted
    const { health, listener, platform } = this.#surroundings
    const { attempts, budget, limits } = this.#parts
    const held = walk.read.conversation?.held
    if (client !== undefined && held !== undefined) {
      const watch = (giveUp: (cause: Error) => void): (() => void) => attempts.watch(node, giveUp)
      if (isReplica) atRelease(client, health.held(node.id))
      walk.suspicions?.settle(undefined)
      return held({ client, node, watch, contest: this.#contests.of(walk.read, node) }, result)
    }
    if (error === undefined || failure === undefined || isAnswer(failure, isReplica)) {
      if (error === undefined || !isReplica) return this.#answer(walk, node, error, result, upTo)
      return this.#contest(walk, knownOf(node, attempted), error, upTo)
    }
    const isRefused = failure === 'standby-refusal'
    if (failure === 'node' || (isRefused && !isReplica)) listener.nodeFailed(node, error)
    if (isRefused) return walk.read.refused(node, error)

    walk.error = error
    walk.index += 1
    if (failure === 'overdue') return this.#done(walk, error)
    if (failure === 'full') {
      // Its tier is full here: another replica may have room, but the primary must not serve it instead.
      const isNext = walk.plan.steps[walk.index]?.reason === 'replica'
      if (!isNext) return this.#done(walk, error)
      listener.retried(node, failure, error, walk.read.trace)
      return this.#step(walk)
    }
    walk.untilMs ??= platform.now() + limits.failoverTimeoutMs
    const isLast = walk.plan.steps[walk.index] === undefined
    const isGone = this.#surroundings.nodeOf(node.id) === undefined
    // A node that is alive rejects it for a reason that a new plan would not change.
    if (isLast && !isGone && failure !== 'node' && failure !== 'fenced') return this.#done(walk, error)
    // Nodes that gave no answer may have taken all the time.
    if (platform.now() >= walk.untilMs && !keepLast(walk, (step) => !this.#isOut(step)))
      return this.#done(walk, error)
    if (!budget.spend()) {
      listener.retriesSpent()
      return this.#done(walk, error)
    }
    listener.retried(node, failure, error, walk.read.trace)
    this.#step(walk)
  }

  #answer(walk: Walk, node: NodeView, error: Error | undefined, result?: unknown, upTo?: Position): void {
    this.#surroundings.listener.readAnswered(node)
    const isInstead =
      node.role === 'primary' && walk.plan.rejected.some(({ reason }) => reason === 'behind-session')
    walk.read.follower?.answered(node, upTo, isInstead)
    this.#done(walk, error, result)
  }

  /** Handles an error of the statement on a replica, which counts if the replica has caught up. */
  #contest(walk: Walk, node: NodeView, error: Error, upTo: Position | undefined): void {
    this.#contests.contest(walk.read, node, error, {
      stands: () => this.#answer(walk, node, error, undefined, upTo),
      answered: (other, second, result) => this.#answer(walk, other, second, result),
      handOver: (leave) => this.#handOver(walk, leave),
    })
  }

  /** Lets the caller run the read on the primary and report its end. */
  #handOver({ read: { conversation }, suspicions }: Walk, leave: () => void): void {
    conversation?.spilled(leave, suspicions === undefined ? nothing : (error) => suspicions.settle(error))
  }

  /**
   * Runs the read on the next candidate, to find out whether the replica or the statement is at fault. After two
   * replicas that is the primary.
   * @param index Index of the replica in the plan
   */
  #suspect(
    walk: Walk,
    node: NodeView,
    { error, waitedMs }: Attempted,
    ended: SendingEnded | undefined,
    index = walk.index,
  ): void {
    if (error === undefined) return
    walk.error = error
    walk.index = index + 1
    const suspicions = (walk.suspicions ??= new Suspicions(this.#surroundings.listener.nodeSick))
    const suspect = {
      node,
      error,
      ended: ended && ((failure: Failure | undefined) => ended(failure, waitedMs)),
    }
    const areEnough = suspicions.add(suspect)
    // Without replicas the primary would have run it.
    if (areEnough) while (isOfReplica(walk.plan.steps[walk.index])) walk.index += 1
    if (walk.plan.steps[walk.index] === undefined) return this.#done(walk, error)
    if (this.#parts.opinions.spend()) {
      this.#surroundings.listener.retried(node, 'sick', error, walk.read.trace)
      return this.#step(walk)
    }
    suspicions.drop()
    this.#done(walk, error)
  }

  /** Ends the read. */
  #done(walk: Walk, error: Error | undefined, result?: unknown): void {
    walk.suspicions?.settle(error)
    callGuarded(walk.callback, error, result)
  }

  /** Returns the error when the primary must not run reads for replicas. */
  #unavailable(): Error {
    const { cluster, listener } = this.#surroundings
    const { unserved } = this.#parts
    if (cluster.primary() === undefined) return cluster.unavailable()
    if (unserved !== undefined) return unserved()
    listener.spillRefused()
    return spillError()
  }

  /** Waits for a candidate when none is left, since a failover may be in progress. */
  #planAnew(walk: Walk): void {
    const { cluster, platform } = this.#surroundings
    const { limits, spill } = this.#parts
    if (spill.refusesAll && cluster.primary() !== undefined)
      return this.#done(walk, walk.error ?? this.#unavailable())
    walk.rounds += 1
    walk.untilMs ??= platform.now() + limits.failoverTimeoutMs
    const { untilMs } = walk
    const sinceMs = platform.now()
    walk.read.trace?.waits('candidate')
    beforeRound(walk.rounds, platform, () => {
      const planned = (plan: QueryPlan): void => {
        this.#surroundings.listener.waited('candidate', sinceMs, walk.read.trace)
        if (plan.steps.length === 0) return this.#done(walk, walk.error ?? this.#unavailable())
        walk.plan = plan
        walk.index = 0
        this.#step(walk)
      }
      const timeoutMs = Math.max(0, untilMs - platform.now())
      // An exception of a balancer fails only this read.
      cluster
        .awaitPlan(() => walk.read.replan(), timeoutMs)
        .then(planned)
        .catch((error: unknown) => this.#done(walk, asError(error)))
    })
  }
}
