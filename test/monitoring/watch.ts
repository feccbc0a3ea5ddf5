import { Client } from 'pg'
import { connectBy } from '../../src/platform/connect.ts'
import { ClusterMonitor } from '../../src/monitoring/cluster-monitor.ts'
import { systemPlatform } from '../../src/platform/system.ts'
import type { ClusterNode } from '../../src/test-cluster/index.ts'
import { statusOf } from '../../src/observability/events.ts'
import { lagMs, type NodeView, type Snapshot } from '../../src/topology/snapshot.ts'

/** Time between two probes, in milliseconds. */
export const INTERVAL_MS = 100
/** How long a state may take to come, in milliseconds. */
const PATIENCE_MS = 15_000

/** A monitor of real servers, and every snapshot that it told. */
export class Watch implements AsyncDisposable {
  readonly monitor: ClusterMonitor
  readonly told: Snapshot[] = []

  /** @param user Who probes; the superuser of the cluster unless given. */
  constructor(nodes: readonly ClusterNode[], user: { user?: string; password?: string } = {}) {
    this.monitor = new ClusterMonitor({
      nodes: nodes.map(({ name, config }) => ({ id: name, weight: 1, options: { ...config, ...user } })),
      connect: connectBy(Client),
      platform: systemPlatform,
      intervalMs: INTERVAL_MS,
      timeoutMs: 1000,
      maxLag: { ms: 10_000, bytes: 64 * 1024 * 1024 },
      onSnapshot: (next) => void this.told.push(next),
    })
  }

  /** Each node's status, in configured order. */
  get shown(): string {
    return this.monitor.snapshot.nodes.map(statusOf).join(' ')
  }

  node(id: string): NodeView {
    const node = this.monitor.snapshot.nodes.find((each) => each.id === id)
    if (node === undefined) throw new Error(`There is no node ${id}`)
    return node
  }

  /** The lag of a replica as people read it; undefined while it is not known. */
  lagMs(id: string): number | undefined {
    const { lag } = this.node(id)
    return lag === undefined ? undefined : lagMs(lag, systemPlatform.now())
  }

  /** Resolves when it holds of the newest snapshot. Probes at the pace of an application in use, and not faster. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const untilMs = systemPlatform.now() + PATIENCE_MS
    while (!holds()) {
      if (systemPlatform.now() > untilMs) throw new Error(`Waited in vain until ${what}; now: ${this.shown}`)
      this.monitor.used()
      await new Promise<void>((resolve) => void setTimeout(resolve, 5))
    }
  }

  async untilShown(expected: string): Promise<void> {
    await this.until(expected, () => this.shown === expected)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.monitor.close()
  }
}
