import { asError } from '../errors/as-error.ts'
import { isSameWay, type NodeConfig } from '../nodes/server-node.ts'
import { inRootContext } from '../platform/async-context.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { isLoginRefusal } from '../topology/login-refusal.ts'
import type { KnownNode } from '../topology/memory.ts'
import { PENDING, transition, type NodeEvent, type NodeState } from '../topology/node.ts'
import { NodeProbe } from './node-probe.ts'
import { chaseDelayMs, chasesEndAfterMs } from './pace.ts'
import type { ProbeRow } from '../topology/probe.ts'
import type { NodeQuery } from './unshown.ts'

export interface WatchOptions {
  readonly connect: Connect
  readonly platform: Platform
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Whether commits may be acknowledged before they are flushed. Then a primary's insert position is read, too. */
  readonly mayBeUnflushed: () => boolean
  /** Time until the next probe of this node. */
  readonly delayMs: (node: WatchedNode) => number
  /** Called after each event, once the node has its new state. */
  readonly onEvent: (event: NodeEvent) => void
}

/** An observation is too old after this many intervals plus one timeout without a new one. */
const LATE_AFTER_INTERVALS = 3

/** Watches one node: keeps its state and schedules its probes. At most one probe is in flight. */
export class WatchedNode {
  /** Hysteresis of the replica's lag, see `isTooFarBehind` in `topology/`. */
  isTooFarBehind = false
  #config: NodeConfig
  readonly #options: WatchOptions
  #probe: NodeProbe
  #state: NodeState = PENDING
  #toldSystemIdentifier: string | undefined
  #looking: Promise<void> | undefined
  #timer: Timer | undefined
  /** When the next probe is due, its delay, and when the last full probe ended. */
  #dueAtMs = Infinity
  #delayMs: number
  #restsSinceMs = -Infinity
  /** Number of probes in a row that followed suspicions, and the time of the last one. */
  #chases = 0
  #chasedAtMs = -Infinity
  #wasDown = false
  #isClosed = false

  constructor(config: NodeConfig, options: WatchOptions) {
    this.#config = config
    this.#options = options
    this.#delayMs = options.intervalMs
    this.#probe = this.#newProbe()
  }

  get id(): string {
    return this.#config.id
  }

  get known(): KnownNode {
    const { id, weight, tags, isBalanced } = this.#config
    return {
      id,
      weight,
      tags,
      isBalanced,
      state: this.#state,
      toldSystemIdentifier: this.#toldSystemIdentifier,
    }
  }

  /** Takes over `config` if it names the same server with the same connection options. */
  adopt(config: NodeConfig): boolean {
    const isSame = isSameWay(this.#config, config)
    if (isSame) this.#config = config
    return isSame
  }

  /** Whether the last observation is too old to be used. */
  isLate(nowMs: number): boolean {
    if (this.#state.name !== 'up') return false
    const boundMs = LATE_AFTER_INTERVALS * this.#delayMs + this.#options.timeoutMs
    return nowMs - this.#state.observation.receivedAtMs > boundMs
  }

  /** Probes now; a probe in flight is shared. Never rejects. */
  look(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#looking ??= this.#begin(true)
    return this.#looking
  }

  /** Reads the node's position now, or runs a full probe when one is due. Otherwise like `look`. */
  lookAtProgress(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    const isDue = this.#options.platform.now() >= this.#restsSinceMs + this.#options.intervalMs
    if (isDue) return this.look()
    this.#looking ??= this.#begin(false)
    return this.#looking
  }

  /** Runs a query if the connection still leads to this server. Without an answer it counts as a failed probe. */
  async ask(query: NodeQuery, serverIdentity: string): Promise<ProbeRow | undefined> {
    if (this.#isClosed) return undefined
    const probe = this.#probe
    try {
      return await inRootContext(() => probe.ask(query, serverIdentity))
    } catch (error) {
      if (probe === this.#probe && !this.#isClosed) {
        this.#apply({ type: 'failed', cause: asError(error), atMs: this.#options.platform.now() })
        // At once, over a new connection. The pool's connections may be as dead as the last one.
        void this.look()
      }
      throw error
    }
  }

  /** Reports a failure at this node. */
  suspect(cause: Error): void {
    if (this.#isClosed) return
    // An existing connection stays logged in. Only a new one shows whether the login is still refused.
    if (isLoginRefusal(cause)) this.#probe.renew()
    this.#apply({ type: 'suspected', cause, atMs: this.#options.platform.now() })
    // If the answer of a probe in flight does not clear the suspicion, another probe follows it.
    if (this.#looking === undefined) this.#chase()
  }

  /** Moves the next probe forward to `delayMs` after the last one, if it is due later. */
  hasten(delayMs: number): void {
    // The next probe of a suspected node already comes as early as it may.
    if (this.#looking !== undefined || this.#state.name === 'suspected' || this.#isClosed) return
    this.#lookBy(this.#restsSinceMs + delayMs, delayMs)
  }

  /** Stops probing and resets the state until the next `look`. Resolves when the connection has ended. */
  rest(): Promise<void> {
    const probe = this.#probe
    this.#timer?.cancel()
    // The result of a probe in flight is dropped.
    this.#probe = this.#newProbe()
    this.#looking = undefined
    this.#dueAtMs = Infinity
    this.#wasDown = this.#state.name === 'down'
    this.#state = PENDING
    this.isTooFarBehind = false
    return probe.close()
  }

  /** Whether the node was down when it was put to rest. */
  get wasDown(): boolean {
    return this.#wasDown
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#probe.close()
  }

  /** Probes outside the async context of the request that caused the first one. */
  #begin(isFull: boolean): Promise<void> {
    return inRootContext(() => this.#ask(isFull))
  }

  #newProbe(): NodeProbe {
    const { connect, mayBeUnflushed, platform, timeoutMs } = this.#options
    const onLost = (cause: Error): void => {
      if (probe === this.#probe) this.suspect(cause)
    }
    const probe: NodeProbe = new NodeProbe(
      this.#config.options,
      connect,
      platform,
      timeoutMs,
      onLost,
      mayBeUnflushed,
    )
    return probe
  }

  async #ask(isFull: boolean): Promise<void> {
    const { platform, delayMs } = this.#options
    const probe = this.#probe
    this.#timer?.cancel()
    this.#dueAtMs = Infinity
    const asked = isFull ? probe.probe() : probe.progress()
    const event = await asked.then(
      (observation): NodeEvent => ({ type: 'observed', observation }),
      (cause: Error): NodeEvent => ({ type: 'failed', cause, atMs: platform.now() }),
    )
    if (probe !== this.#probe) return
    this.#looking = undefined
    if (isFull) this.#restsSinceMs = platform.now()
    if (this.#isClosed) return
    this.#apply(event)
    if (this.#isClosed || this.#looking !== undefined) return
    if (this.#state.name === 'suspected') return this.#chase()
    const wait = delayMs(this)
    this.#lookBy(this.#restsSinceMs + wait, wait)
  }

  #apply(event: NodeEvent): void {
    if (event.type === 'observed') this.#toldSystemIdentifier = event.observation.systemIdentifier
    this.#state = transition(this.#state, event)
    this.#options.onEvent(event)
  }

  /** Probes a suspected node at once, or with exponential backoff when that has happened repeatedly. */
  #chase(): void {
    const { platform, intervalMs } = this.#options
    const nowMs = platform.now()
    // Another probe may have taken the place of the one that was to come then.
    if (this.#chasedAtMs > nowMs) return this.#lookBy(this.#chasedAtMs, this.#chasedAtMs - nowMs)
    if (nowMs - this.#chasedAtMs >= chasesEndAfterMs(intervalMs)) this.#chases = 0
    this.#chasedAtMs = Math.max(nowMs, this.#chasedAtMs + chaseDelayMs(this.#chases, intervalMs))
    this.#chases += 1
    if (this.#chasedAtMs === nowMs) void this.look()
    else this.#lookBy(this.#chasedAtMs, this.#chasedAtMs - nowMs)
  }

  #lookBy(dueAtMs: number, delayMs: number): void {
    if (dueAtMs >= this.#dueAtMs) return
    const { platform } = this.#options
    this.#timer?.cancel()
    this.#dueAtMs = dueAtMs
    this.#delayMs = delayMs
    const waitMs = Math.max(0, dueAtMs - platform.now())
    this.#timer = inRootContext(() => platform.scheduleWork(waitMs, () => void this.look()))
  }
}
