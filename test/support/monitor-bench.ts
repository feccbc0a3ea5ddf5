import { ClusterMonitor } from '../../src/monitoring/cluster-monitor.ts'
import type { NodeView, Snapshot } from '../../src/topology/snapshot.ts'
import { FakePlatform } from './fake-platform.ts'
import { FakeNetwork, primaryRow, replicaRow } from './fake-servers.ts'

export const INTERVAL_MS = 500
export const TIMEOUT_MS = 2000
export const MAX_LAG = { ms: 10_000, bytes: 0x10000 }

/** A monitor of fake servers, `a` the primary and the others its replicas, and everything that it told. */
export class MonitorBench {
  readonly network: FakeNetwork = new FakeNetwork()
  readonly platform: FakePlatform = new FakePlatform()
  readonly monitor: ClusterMonitor
  /** Every snapshot that was told, as `show` gives it. */
  readonly told: string[] = []
  readonly previous: Snapshot[] = []
  /** Whether somebody has a connection: then it does not rest. */
  isInUse = true
  rests = 0

  constructor(ids: readonly string[] = ['a', 'b', 'c']) {
    for (const [index, id] of ids.entries()) {
      this.network.at(id).row = index === 0 ? primaryRow('0/1000', id) : replicaRow('0/1000', id)
    }
    this.monitor = new ClusterMonitor({
      nodes: ids.map((id) => ({ id, weight: 1, options: { host: id } })),
      connect: this.network.connect,
      platform: this.platform,
      intervalMs: INTERVAL_MS,
      timeoutMs: TIMEOUT_MS,
      maxLag: MAX_LAG,
      isInUse: () => this.isInUse,
      onRest: () => (this.rests += 1),
      onSnapshot: (next, previous) => {
        this.told.push(show(next))
        this.previous.push(previous)
      },
    })
  }

  get shown(): string {
    return show(this.monitor.snapshot)
  }

  node(id: string): NodeView {
    const node = this.monitor.snapshot.nodes.find((each) => each.id === id)
    if (node === undefined) throw new Error(`There is no node ${id}`)
    return node
  }

  probes(...ids: readonly string[]): readonly number[] {
    return ids.map((id) => this.network.at(id).probes)
  }
}

/** Each node as its state, its exclusion or its role. */
export function show({ nodes }: Snapshot): string {
  return nodes
    .map(({ state, role, exclusion }) => (state.name === 'up' ? (exclusion ?? role) : state.name))
    .join(' ')
}

/** Whether the promise has resolved by now. */
export function resolution(promise: Promise<void>): { done: boolean } {
  const seen = { done: false }
  void promise.then(() => (seen.done = true))
  return seen
}
