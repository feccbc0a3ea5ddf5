import type { Platform } from '../platform/platform.ts'
import type { NodeId, Role } from '../topology/node.ts'
import { isLoginRefusal } from '../topology/login-refusal.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import { changesBetween, type NodeChange, type RouterEvents } from './events.ts'

/** What may happen with every statement is told this seldom, in milliseconds. */
const OFTEN_MS = 1000

/** Events that may come with every statement. */
type Often = 'lastResort' | 'retriesSpent' | 'spillRefused'

type Tell = <Name extends keyof RouterEvents>(name: Name, ...args: RouterEvents[Name]) => void

/** Tells what changes in the cluster, from one snapshot to the next, and not twice. */
export class Transitions {
  readonly #platform: Platform
  readonly #tell: Tell
  readonly #lastRoles = new Map<NodeId, Role>()
  /** Replicas of which it is not known that they follow the primary's branch of history. */
  readonly #strays = new Set<NodeId>()
  /** Nodes that refuse the login although the primary accepts it. */
  readonly #refusing = new Set<NodeId>()
  readonly #counts = new Map<Often, { toldAtMs: number; count: number }>()
  readonly #told = new Set<string>()
  readonly #sickToldAtMs = new Map<NodeId, number>()
  #lastPrimary: NodeId | undefined
  #isConflict = false

  constructor(platform: Platform, tell: Tell) {
    this.#platform = platform
    this.#tell = tell
  }

  /** What the node was when it last said so. */
  lastRoleOf(id: NodeId): Role {
    return this.#lastRoles.get(id) ?? 'unknown'
  }

  /** Returns what changed of the single nodes. */
  observe(next: Snapshot, previous: Snapshot): readonly NodeChange[] {
    const changes = changesBetween(previous, next)
    for (const { id, role } of next.nodes) if (role !== 'unknown') this.#lastRoles.set(id, role)
    for (const change of changes) this.#tell('nodeChanged', change)
    this.#observePrimary(next)
    for (const node of next.nodes) this.#observeHistory(node, next.primary)
    if (next.primary !== undefined) for (const node of next.nodes) this.#observeLogin(node)
    return changes
  }

  /** Something that may happen with every statement: told at most once a second, with how often it was. */
  often(name: Often): void {
    const nowMs = this.#platform.now()
    const told = this.#counts.get(name)
    const count = (told?.count ?? 0) + 1
    if (told !== undefined && nowMs - told.toldAtMs < OFTEN_MS) {
      told.count = count
      return
    }
    this.#counts.set(name, { toldAtMs: nowMs, count: 0 })
    this.#tell(name, { count })
  }

  /** A replica could not do its work: told at most once a second for each. */
  sick({ id }: NodeView, cause: Error): void {
    const nowMs = this.#platform.now()
    if (nowMs - (this.#sickToldAtMs.get(id) ?? -Infinity) < OFTEN_MS) return
    this.#sickToldAtMs.set(id, nowMs)
    this.#tell('nodeSick', { node: id, cause })
  }

  /** Something that is told once in a pool's life. */
  once(name: 'startedWithoutPrimary'): void {
    if (this.#told.has(name)) return
    this.#told.add(name)
    this.#tell(name)
  }

  #observePrimary({ primary, conflict }: Snapshot): void {
    if (primary !== undefined && primary.id !== this.#lastPrimary) {
      const from = this.#lastPrimary
      this.#lastPrimary = primary.id
      this.#tell('primaryChanged', { from, to: primary.id })
    }
    const isConflict = conflict !== undefined
    if (isConflict && !this.#isConflict)
      this.#tell('primaryConflict', { nodes: conflict.map(({ id }) => id) })
    this.#isConflict = isConflict
  }

  /** Told once, until the node has accepted a login. */
  #observeLogin({ id, state }: NodeView): void {
    if (state.name === 'up') this.#refusing.delete(id)
    if (state.name !== 'down' || !isLoginRefusal(state.cause) || this.#refusing.has(id)) return
    this.#refusing.add(id)
    this.#tell('loginRefused', { node: id, cause: state.cause })
  }

  #observeHistory({ id, state, role, exclusion }: NodeView, primary: NodeView | undefined): void {
    // Without a primary there is nothing to compare with, and what was told stays told.
    if (primary?.state.name !== 'up' || state.name !== 'up' || role !== 'replica' || exclusion) return
    const { timeline } = state.observation
    const isStray = timeline === undefined || timeline !== primary.state.observation.timeline
    if (!isStray) this.#strays.delete(id)
    else if (!this.#strays.has(id)) {
      this.#strays.add(id)
      this.#tell('timelineUnclear', { node: id, timeline })
    }
  }
}
