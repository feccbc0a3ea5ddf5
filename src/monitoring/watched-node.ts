import { isSameWay, type NodeConfig } from '../nodes/server-node.ts'
import { inRootContext } from '../platform/async-context.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { isLoginRefusal } from '../topology/login-refusal.ts'
import type { KnownNode } from '../topology/memory.ts'
import { PENDING, transition, type NodeEvent, type NodeState, type Observation } from '../topology/node.ts'
import { NodeProbe } from './node-probe.ts'
import { chaseDelayMs, chasesEndAfterMs } from './pace.ts'
import type { ProbeRow } from '../topology/probe.ts'
import type { Question } from './unshown.ts'

export interface WatchOptions {
  readonly connect: Connect
  readonly platform: Platform
  readonly intervalMs: number
  readonly timeoutMs: number
  /** How long to wait until the next probe of this node. */
  readonly delayMs: (node: WatchedNode) => number
  /** Told after each event, when the node's state is the new one. */
  readonly onEvent: (event: NodeEvent) => void
}

/** A node's last answer is too old to say how things are after this many intervals without another, and one timeout. */
const LATE_AFTER_INTERVALS = 3

/** Watches one node: its state, and when it is looked at next. Never more than one probe is in flight. */
export class WatchedNode {
  /** Kept for the replica that this node may be. */
  isTooFarBehind = false
  #config: NodeConfig
  readonly #options: WatchOptions
  #probe: NodeProbe
  #state: NodeState = PENDING
  #toldSystemIdentifier: string | undefined
  #looking: Promise<void> | undefined
  #timer: Timer | undefined
  /** When the next look is due, how long that was put off, and when the last one ended. */
  #dueAtMs = Infinity
  #delayMs: number
  #restsSinceMs = -Infinity
  /** Probes in a row that suspicions asked for, and the last of them. */
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

  /** Takes over `config` if it means the same server, reached in the same way. */
  adopt(config: NodeConfig): boolean {
    const isSame = isSameWay(this.#config, config)
    if (isSame) this.#config = config
    return isSame
  }

  /** Whether the last answer is so old that it says nothing of the present. */
  isLate(nowMs: number): boolean {
    if (this.#state.name !== 'up') return false
    const boundMs = LATE_AFTER_INTERVALS * this.#delayMs + this.#options.timeoutMs
    return nowMs - this.#state.observation.receivedAtMs > boundMs
  }

  /** Asks now; a probe in flight is shared. Never rejects. */
  look(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#looking ??= this.#begin(true)
    return this.#looking
  }

  /** Asks now how far the node is, and everything else when that is due. Otherwise as `look`. */
  lookAtProgress(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    const isDue = this.#options.platform.now() >= this.#restsSinceMs + this.#options.intervalMs
    if (isDue) return this.look()
    this.#looking ??= this.#begin(false)
    return this.#looking
  }

  /** Asks a primary for its insert position. Says nothing of the node. */
  async inserted(): Promise<Observation | undefined> {
    return this.#isClosed ? undefined : inRootContext(() => this.#probe.inserted())
  }

  /** Asks the server that was seen to be this one something. Says nothing of the node. */
  async ask(question: Question, serverIdentity: string): Promise<ProbeRow | undefined> {
    return this.#isClosed ? undefined : inRootContext(() => this.#probe.ask(question, serverIdentity))
  }

  /** Somebody met a failure here. */
  suspect(cause: Error): void {
    if (this.#isClosed) return
    // A connection that is logged in stays so: only a new one shows whether the login is still refused.
    if (isLoginRefusal(cause)) this.#probe.renew()
    this.#apply({ type: 'suspected', cause, atMs: this.#options.platform.now() })
    // The answer of a probe in flight leaves the node suspected if it is no proof, and then another one follows.
    if (this.#looking === undefined) this.#chase()
  }

  /** Brings the next look forward to `delayMs` after the last one, if it is due later. */
  hasten(delayMs: number): void {
    // A suspected node is looked at already as soon as it may be.
    if (this.#looking !== undefined || this.#state.name === 'suspected' || this.#isClosed) return
    this.#lookBy(this.#restsSinceMs + delayMs, delayMs)
  }

  /** Asks nothing and knows nothing until the next look. Resolves when the connection has ended. */
  rest(): Promise<void> {
    const probe = this.#probe
    this.#timer?.cancel()
    // Whatever is under way is answered to nobody.
    this.#probe = this.#newProbe()
    this.#looking = undefined
    this.#dueAtMs = Infinity
    this.#wasDown = this.#state.name === 'down'
    this.#state = PENDING
    this.isTooFarBehind = false
    return probe.close()
  }

  /** True when it did not answer before it was left to rest. */
  get wasDown(): boolean {
    return this.#wasDown
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#probe.close()
  }

  /** The first request that needs a look is not the parent of all that follow. */
  #begin(isFull: boolean): Promise<void> {
    return inRootContext(() => this.#ask(isFull))
  }

  #newProbe(): NodeProbe {
    const { connect, platform, timeoutMs } = this.#options
    const onLost = (cause: Error): void => {
      if (probe === this.#probe) this.suspect(cause)
    }
    const probe: NodeProbe = new NodeProbe(this.#config.options, connect, platform, timeoutMs, onLost)
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

  /** Looks at once, unless that has been done again and again: then later and later. */
  #chase(): void {
    const { platform, intervalMs } = this.#options
    const nowMs = platform.now()
    if (this.#chasedAtMs > nowMs) return
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
    this.#timer = inRootContext(() => platform.schedule(waitMs, () => void this.look()))
  }
}
