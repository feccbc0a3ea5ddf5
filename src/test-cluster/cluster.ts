import { SwitchyardError } from '../errors/error.ts'
import { ClusterNode } from './node.ts'
import type { ResolvedOptions } from './options.ts'
import {
  commitFloor,
  follow,
  isAhead,
  promote,
  replayState,
  untilReplayed,
  untilStreaming,
} from './replication.ts'
import type { Backend, Server } from './server.ts'

/**
 * Options of `cluster.caughtUp()`.
 *
 * @example
 * const options: CatchUpOptions = { timeoutMs: 5000 }
 * await cluster.caughtUp(options)
 */
export interface CatchUpOptions {
  /** Deadline in milliseconds. @defaultValue the cluster's `timeoutMs` */
  readonly timeoutMs?: number
}

/**
 * Options of `cluster.promote()`.
 *
 * @example
 * const options: PromoteOptions = { oldPrimary: 'keep' }
 * await cluster.promote(0, options)
 */
export interface PromoteOptions {
  /**
   * Treatment of the old primary. `follow`: it is stopped with mode 'fast' if it runs, and restarted as a replica of
   * the new one. `stop`: it is stopped. `keep`: it keeps running, so that two nodes take writes. A stopped one stays
   * stopped: with `follow` and `stop` it starts as a replica later, with `keep` as a second primary.
   * @defaultValue 'follow'
   */
  readonly oldPrimary?: 'follow' | 'stop' | 'keep'
}

/**
 * A primary and its replicas. Created by `startCluster`.
 *
 * @example
 * const { primary, replicas }: Cluster = cluster
 * await cluster.promote(1)
 */
export class Cluster implements AsyncDisposable {
  readonly #backend: Backend
  readonly #servers: ReadonlyMap<ClusterNode, Server>
  readonly #timeoutMs: number
  /** Nodes whose data may have diverged from the primary's. They are copied again before their next start. */
  readonly #outdated = new Set<ClusterNode>()
  #primary: ClusterNode
  #closing: Promise<void> | undefined

  private constructor(backend: Backend, servers: readonly [Server, ...Server[]], timeoutMs: number) {
    this.#backend = backend
    this.#timeoutMs = timeoutMs
    const context = { timeoutMs, prepareStart: (node: ClusterNode) => this.#prepareStart(node) }
    const [first, ...others] = servers
    this.#primary = new ClusterNode(first, context)
    this.#servers = new Map([
      [this.#primary, first],
      ...others.map((server) => [new ClusterNode(server, context), server] as const),
    ])
  }

  /** @internal */
  static async start(backend: Backend, options: ResolvedOptions): Promise<Cluster> {
    const primary = await backend.createPrimary('node1')
    const names = Array.from({ length: options.replicas }, (_, index) => `node${index + 2}`)
    const standbys = await Promise.all(names.map((name) => backend.createStandby(name)))
    if (standbys.length > 0) await backend.copy(primary, standbys)
    await Promise.all(standbys.map((standby) => standby.start()))
    await untilStreaming(primary.config, names, options.timeoutMs)
    return new Cluster(backend, [primary, ...standbys], options.timeoutMs)
  }

  get primary(): ClusterNode {
    return this.#primary
  }

  /** All nodes except the primary, running or not, in the order of their names. */
  get replicas(): readonly ClusterNode[] {
    return this.nodes.filter((node) => node !== this.#primary)
  }

  get nodes(): readonly ClusterNode[] {
    return [...this.#servers.keys()]
  }

  /**
   * Resolves when every running replica has replayed everything committed on the primary before the call.
   *
   * @throws SwitchyardError SWITCHYARD_TEST_CLUSTER at once when a replica's replay is paused, otherwise at the
   * deadline.
   */
  async caughtUp(options: CatchUpOptions = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs
    const replicas = this.#reachableReplicas()
    const floor = commitFloor(this.#primary.config)
    await Promise.all([
      floor,
      ...replicas.map((node) => untilReplayed(node.name, node.config, floor, timeoutMs)),
    ])
  }

  /**
   * Promotes a running replica; the other running replicas follow it. Resolves when it takes writes and all replicas
   * whose replay is not paused stream from it. If the old primary was running, no commit is lost.
   *
   * @param replica The replica, or its index in {@link Cluster.replicas}.
   */
  async promote(replica: number | ClusterNode, options: PromoteOptions = {}): Promise<void> {
    const next = this.#runningReplica(replica)
    const { oldPrimary = 'follow' } = options
    const old = this.#primary
    const oldRan = old.running
    // After a promotion that kept the old primary, not every replica is a standby.
    const followers = await this.#filter(
      this.#reachableReplicas().filter((node) => node !== next),
      async (node) => (await replayState(node.config)) !== 'none',
    )
    const offline = this.replicas.filter((node) => !node.running)

    if (oldRan && oldPrimary !== 'keep') await this.#retire(old, next)
    // An old primary that keeps writing may send WAL to a follower that its successor never receives.
    const forked = oldRan && oldPrimary === 'keep'
    const ahead = forked
      ? followers
      : await this.#filter(followers, (node) => isAhead(node.config, next.config))
    const kept = followers.filter((node) => !ahead.includes(node))
    const paused = await this.#filter(kept, async (node) => (await replayState(node.config)) === 'paused')
    await promote(next.name, next.config, this.#timeoutMs)
    this.#primary = next

    for (const node of offline) this.#outdated.add(node)
    if (oldPrimary !== 'keep') this.#outdated.add(old)
    const copied = oldRan && oldPrimary === 'follow' ? [...ahead, old] : ahead
    await Promise.all([
      ...kept.map((node) => follow(this.#server(node), this.#server(next))),
      this.#copyAndStart(copied),
    ])
    const streaming = [...kept.filter((node) => !paused.includes(node)), ...copied]
    await untilStreaming(
      next.config,
      streaming.map((node) => node.name),
      this.#timeoutMs,
    )
  }

  /** Stops every server and removes every file. Resolves when that is done; may be called again. */
  stop(): Promise<void> {
    this.#closing ??= this.#backend.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #reachableReplicas(): readonly ClusterNode[] {
    const running = this.replicas.filter((node) => node.running)
    const frozen = running.find((node) => node.frozen)
    if (frozen !== undefined) throw failure(`${frozen.name} cannot follow: it is frozen`)
    return running
  }

  async #filter(
    nodes: readonly ClusterNode[],
    holds: (node: ClusterNode) => Promise<boolean>,
  ): Promise<readonly ClusterNode[]> {
    const verdicts = await Promise.all(nodes.map(holds))
    return nodes.filter((_, index) => verdicts[index])
  }

  /** Stops a primary after its successor has received all WAL. A frozen one is killed. */
  async #retire(old: ClusterNode, next: ClusterNode): Promise<void> {
    if (old.frozen) return old.kill()
    await untilStreaming(old.config, [next.name], this.#timeoutMs)
    await old.stop('fast')
  }

  #runningReplica(replica: number | ClusterNode): ClusterNode {
    const node = typeof replica === 'number' ? this.replicas[replica] : replica
    if (node === undefined || !this.replicas.includes(node)) {
      const legal = `a replica of this cluster or an index from 0 to ${this.replicas.length - 1}`
      const received = typeof replica === 'number' ? replica : replica.name
      throw new SwitchyardError('SWITCHYARD_INVALID_OPTION', `replica must be ${legal}; received ${received}`)
    }
    if (!node.running) {
      throw failure(`${node.name} cannot be promoted: it does not run`)
    }
    return node
  }

  async #prepareStart(node: ClusterNode): Promise<void> {
    if (this.#closing !== undefined) {
      throw failure(`${node.name} cannot be started: its cluster was stopped`)
    }
    if (this.#outdated.has(node)) await this.#copyFromPrimary([node])
  }

  async #copyAndStart(nodes: readonly ClusterNode[]): Promise<void> {
    await Promise.all(nodes.map((node) => node.stop('immediate')))
    await this.#copyFromPrimary(nodes)
    await Promise.all(nodes.map((node) => node.start()))
  }

  async #copyFromPrimary(nodes: readonly ClusterNode[]): Promise<void> {
    if (nodes.length === 0) return
    if (!this.#primary.running) {
      const names = nodes.map((node) => node.name).join(', ')
      const reason = `${names} must be copied from ${this.#primary.name}, which does not run`
      throw failure(reason)
    }
    await this.#backend.copy(
      this.#server(this.#primary),
      nodes.map((node) => this.#server(node)),
    )
    for (const node of nodes) this.#outdated.delete(node)
  }

  #server(node: ClusterNode): Server {
    const server = this.#servers.get(node)
    if (server === undefined) throw new TypeError(`${node.name} is not of this cluster`)
    return server
  }
}

function failure(reason: string): SwitchyardError {
  return new SwitchyardError('SWITCHYARD_TEST_CLUSTER', reason)
}
