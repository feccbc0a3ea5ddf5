import type { Platform } from '../platform/platform.ts'
import type { NodeId, Role } from '../topology/node.ts'
import { isLoginRefusal } from '../topology/login-refusal.ts'
import { retain } from '../topology/retain.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import { changesBetween, type NodeChange } from './events.ts'
import type { Tell } from './tell.ts'

/** Minimum time between two events that any statement may cause, in milliseconds. */
const OFTEN_MS = 1000

/** Events that any statement may cause. */
type Often = 'lastResort' | 'retriesSpent' | 'spillRefused'

/** Emits events about changes between snapshots, each once. */
export class Transitions {
  readonly #platform: Platform
  readonly #tell: Tell
  readonly #lastRoles = new Map<NodeId, Role>()
  /** Replicas not known to be on the primary's timeline. */
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

  /** The node's last known role. */
  lastRoleOf(id: NodeId): Role {
    return this.#lastRoles.get(id) ?? 'unknown'
  }

  /** Emits the events for a new snapshot. Returns the changes of node status. */
  observe(next: Snapshot, previous: Snapshot): readonly NodeChange[] {
    const changes = changesBetween(previous, next)
    for (const { id, role } of next.nodes) if (role !== 'unknown') this.#lastRoles.set(id, role)
    for (const change of changes) this.#tell('nodeChanged', change)
    this.#observePrimary(next)
    for (const node of next.nodes) this.#observeHistory(node, next.primary)
    if (next.primary !== undefined) for (const node of next.nodes) this.#observeLogin(node)
    return changes
  }

  /** Forgets all nodes but these. */
  retain(ids: ReadonlySet<NodeId>): void {
    for (const kept of [this.#lastRoles, this.#strays, this.#refusing, this.#sickToldAtMs]) retain(kept, ids)
  }

  /** Emits an event that any statement may cause, at most once a second, with the number of occurrences. */
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

  /** Emits `nodeSick`, at most once a second for each replica. */
  sick({ id }: NodeView, cause: Error): void {
    const nowMs = this.#platform.now()
    if (nowMs - (this.#sickToldAtMs.get(id) ?? -Infinity) < OFTEN_MS) return
    this.#sickToldAtMs.set(id, nowMs)
    this.#tell('nodeSick', { node: id, cause })
  }

  /** Emits an event at most once in a pool's lifetime. */
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

  /** Emits `loginRefused` once until the node accepts a login. */
  #observeLogin({ id, state }: NodeView): void {
    if (state.name === 'up') this.#refusing.delete(id)
    if (state.name !== 'down' || !isLoginRefusal(state.cause) || this.#refusing.has(id)) return
    this.#refusing.add(id)
    this.#tell('loginRefused', { node: id, cause: state.cause })
  }

  #observeHistory({ id, state, role, exclusion }: NodeView, primary: NodeView | undefined): void {
    // Without a primary there is no timeline to compare with.
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
