import type { MutableSession } from '../consistency/session.ts'
import type { Decision } from '../execution/decision.ts'
import type { Platform } from '../platform/platform.ts'
import { within } from '../platform/within.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Time that a session reads from the primary in place of replicas before one of its reads waits, in milliseconds. */
export const RETURNS_AFTER_MS = 1_000

/** A session that has not read in place of replicas for this long begins again, in milliseconds. */
const PAUSED_AFTER_MS = 250

export interface SessionReturnsOptions {
  readonly platform: Platform
  readonly cluster: Pick<WatchedCluster, 'awaitReplica'>
  /** The pool's own session. Reads on the primary in place of replicas do not raise its floor. */
  readonly implicit: MutableSession
  /** How long a read waits for a replica at most, in milliseconds. */
  readonly catchUpTimeoutMs: number
}

/** The parts of a decision that a return depends on. */
export type Returning = Pick<Decision, 'plan' | 'route' | 'session'> & {
  readonly executor: Pick<Decision['executor'], 'plan'>
}

/** Decides again about the same statement. */
export type Again = () => Returning | Promise<Returning>

/** Time during which a session reads from the primary in place of replicas. */
interface Stay {
  sinceMs: number
  /** When it last did. */
  lastMs: number
  /** Set while its reads wait for a replica. */
  waiting: Promise<void> | undefined
}

/**
 * Brings sessions that read from the primary back to the replicas. Each read on the primary raises the floor of a
 * session with monotonic reads. So no replica reaches the floor while it reads without a pause. Once a second its reads
 * wait for a replica instead, and then go on there.
 *
 * A session that has just written does not wait: it soon writes again, or ends.
 */
export class SessionReturns {
  readonly #options: SessionReturnsOptions
  readonly #stays = new WeakMap<MutableSession, Stay>()

  constructor(options: SessionReturnsOptions) {
    this.#options = options
  }

  /**
   * Resolves when a replica can serve the session, or after a while without success; `undefined` if it need not wait.
   */
  before({ plan, session }: Returning, again: Again): Promise<void> | undefined {
    const { catchUpTimeoutMs, implicit, platform } = this.#options
    if (plan.steps[0]?.reason !== 'sooner' || session === implicit) return undefined
    const nowMs = platform.now()
    const stay = this.#stayOf(session, nowMs)
    stay.lastMs = nowMs
    // Another read on the primary would raise the floor that they wait for.
    if (stay.waiting !== undefined) return stay.waiting
    const isLong = nowMs - Math.max(stay.sinceMs, session.lastWriteAtMs ?? 0) >= RETURNS_AFTER_MS
    const isInTime = ({ lag }: NodeView): boolean => (lag?.catchUpMs ?? 0) < catchUpTimeoutMs
    if (!isLong || plan.catchingUp?.some(isInTime) !== true) return undefined
    stay.sinceMs = nowMs
    // A read whose wait fails runs where it was to run.
    const over = (): void => (stay.waiting = undefined)
    stay.waiting = this.#wait(session, again).then(over, over)
    return stay.waiting
  }

  #stayOf(session: MutableSession, nowMs: number): Stay {
    const known = this.#stays.get(session)
    if (known !== undefined) {
      if (nowMs - known.lastMs >= PAUSED_AFTER_MS) known.sinceMs = nowMs
      return known
    }
    const stay: Stay = { sinceMs: nowMs, lastMs: nowMs, waiting: undefined }
    this.#stays.set(session, stay)
    return stay
  }

  /** Waits for the position that the primary had at the session's last read, and for a replica to reach it. */
  async #wait(session: MutableSession, again: Again): Promise<void> {
    const { catchUpTimeoutMs, cluster, platform } = this.#options
    const untilMs = platform.now() + catchUpTimeoutMs
    const leftMs = (): number => untilMs - platform.now()
    // Without a position a replica may serve this read, but not the next one: the position may be a later one.
    for (let floor = session.pending?.floor; floor !== undefined && leftMs() > 0;) {
      await within(platform, floor.settled(), leftMs())
      await again()
      floor = session.pending?.floor
    }
    const { executor, route } = await again()
    await cluster.awaitReplica(() => executor.plan(route), leftMs())
  }
}
