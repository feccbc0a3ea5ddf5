import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { firstWrite, markSchema } from './first-write.ts'
import { Ledger, ledgerSchema, type Acknowledgement, type LedgerFigures } from './ledger.ts'
import { itemsSchema } from './readers.ts'
import { pause, rounded, type Latencies } from './timings.ts'
import { Visitors } from './visitors.ts'

export interface PromotionOptions {
  /** `crash`: `kill -9` for the primary, then a promotion. `switchover`: the primary is stopped in order, there and back. */
  readonly manner: 'crash' | 'switchover'
  readonly callers: number
  /** How long the load runs before each promotion, and after the last one. */
  readonly quietMs: number
}

/** One promotion, as those who write meet it. */
export interface Takeover {
  /** From the new primary's first write past the router to the first one through the pool. Must be below 1,000. */
  readonly acceptedToAcknowledgedMs: number
  /** From the last write that the old primary acknowledged to the first of the new one, through the pool. */
  readonly writeGapMs: number
}

export interface PromotionFigures extends LedgerFigures {
  readonly manner: PromotionOptions['manner']
  readonly reads: number
  /** Must be 0. */
  readonly failedReads: number
  readonly readErrors: Readonly<Record<string, number>>
  /** Reads that did not show what their own session had written. Must be 0. */
  readonly staleReads: number
  readonly readLatencies: Latencies
  readonly takeovers: readonly Takeover[]
}

/**
 * A cluster in which a commit is acknowledged only when the replica that may be promoted next has it, so that no
 * promotion can lose one: node2 while node1 is the primary, node3 while node2 is.
 */
export function startSynchronousCluster(): Promise<Cluster> {
  return startCluster({ replicas: 2, settings: { synchronous_standby_names: 'FIRST 1 (node2, node3)' } })
}

/** Promotes replicas while callers read and write, and reckons up what they wrote. */
export async function runPromotion(cluster: Cluster, options: PromotionOptions): Promise<PromotionFigures> {
  const { manner, callers, quietMs } = options
  await ask(cluster.primary.config, `${itemsSchema}; ${ledgerSchema}; ${markSchema}`)
  await cluster.caughtUp()
  const pool = poolOver(cluster)
  try {
    await replicasReady(pool)
    const ledger = new Ledger(pool)
    const visitors = new Visitors(pool, ledger, callers)
    const takeovers: Takeover[] = []
    for (let round = 0; round < (manner === 'crash' ? 1 : 2); round++) {
      await pause(quietMs)
      takeovers.push(await takeOver(cluster, manner, ledger.acknowledgements))
    }
    await pause(quietMs)
    await visitors.stop()
    const rows = await ask(cluster.primary.config, 'select writer, n from ledger')
    return {
      manner,
      ...ledger.reckon(rows as { writer: number; n: number }[]),
      reads: visitors.timings.count,
      failedReads: visitors.errors.total,
      readErrors: visitors.errors.report(),
      staleReads: visitors.staleReads,
      readLatencies: visitors.timings.latencies(),
      takeovers,
    }
  } finally {
    await pool.end()
  }
}

async function takeOver(
  cluster: Cluster,
  manner: PromotionOptions['manner'],
  acknowledgements: readonly Acknowledgement[],
): Promise<Takeover> {
  const old = cluster.primary.config.port
  const next = manner === 'crash' ? 'node2' : old === cluster.nodes[0]?.config.port ? 'node2' : 'node1'
  const node = cluster.nodes.find(({ name }) => name === next)
  if (node === undefined) throw new Error(`There is no ${next}`)
  const accepted = firstWrite(node.config, 60_000)
  if (manner === 'crash') await cluster.primary.kill()
  const [acceptedAtMs] = await Promise.all([accepted, cluster.promote(node)])
  const first = await firstBy(node.config.port, acknowledgements, 60_000)
  const last = acknowledgements.findLast(({ port }) => port === old)
  return {
    acceptedToAcknowledgedMs: rounded(first.atMs - acceptedAtMs),
    writeGapMs: rounded(first.atMs - (last?.atMs ?? first.atMs)),
  }
}

/** The first write of the present term that the server on this port acknowledged. */
async function firstBy(
  port: number,
  acknowledgements: readonly Acknowledgement[],
  timeoutMs: number,
): Promise<Acknowledgement> {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline) {
    const before = acknowledgements.findLastIndex((each) => each.port !== port)
    const first = acknowledgements[before + 1]
    if (first !== undefined) return first
    await pause(1)
  }
  throw new Error(`No write through the pool was acknowledged by port ${port} within ${timeoutMs} ms`)
}
