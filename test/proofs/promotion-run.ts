import { Pool } from '../../src/index.ts'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { firstWrite, markSchema } from './first-write.ts'
import { Ledger, ledgerSchema, type Acknowledgement, type LedgerFigures } from './ledger.ts'
import { itemsSchema } from './readers.ts'
import { pause, rounded, type Latencies } from './timings.ts'
import { Visitors } from './visitors.ts'
import { alterSystem } from '../support/settings.ts'

export interface PromotionOptions {
  /** `crash`: `kill -9` for the primary, then a promotion. `switchover`: the primary is stopped in order, there and back. */
  readonly manner: 'crash' | 'switchover'
  readonly callers: number
  /** How long the load runs before each promotion and after the last one; longer where it has done little by then. */
  readonly quietMs: number
}

/** One promotion, as those who write meet it. */
export interface Takeover {
  /** From the new primary's first write past the router to the first one through the pool. Must be below 1,000. */
  readonly acceptedToAcknowledgedMs: number
  /**
   * From the last write that the old primary acknowledged to the first of the new one, through the pool. The time that
   * the crash takes to prepare is in it.
   */
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

/** Promotes replicas of a new cluster while callers read and write, and reckons up what they wrote. */
export async function runPromotion(options: PromotionOptions): Promise<PromotionFigures> {
  const { manner, callers, quietMs } = options
  await using cluster = await startCluster({ replicas: 2 })
  await ask(cluster.primary.config, `${itemsSchema}; ${ledgerSchema}; ${markSchema}`)
  // A primary that is stopped in order gives its successor everything; one that is killed has to have done so before.
  if (manner === 'crash') await acknowledgeWhatHas(cluster, 'node2')
  await cluster.caughtUp()
  await using way = await startProxy(cluster.primary.config)
  const replicas = cluster.replicas.map(({ config }) => config)
  const pool = new Pool({ ...cluster.primary.config, ...way.config, replicas, logger: false })
  try {
    await replicasReady(pool)
    const ledger = new Ledger(pool)
    const visitors = new Visitors(pool, ledger, callers)
    const takeovers: Takeover[] = []
    for (let round = 0; round < (manner === 'crash' ? 1 : 2); round++) {
      await quiet(ledger, quietMs)
      takeovers.push(await takeOver(cluster, manner, way, ledger.acknowledgements))
    }
    await quiet(ledger, quietMs)
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

const LEAST_WRITES = 100

async function quiet({ acknowledgements }: Ledger, quietMs: number): Promise<void> {
  const enough = acknowledgements.length + LEAST_WRITES
  await pause(quietMs)
  await until('enough was written', () => acknowledgements.length >= enough, 30_000)
}

/**
 * From now on the primary, and no other, acknowledges a commit when this replica has it, so that the replica's promotion can
 * lose none.
 */
export async function acknowledgeWhatHas({ primary }: Cluster, name: string): Promise<void> {
  await alterSystem(primary.config, { synchronous_standby_names: name })
  await until(`${name} is waited for`, async () => {
    const states = await ask(
      primary.config,
      'select sync_state from pg_stat_replication where application_name = $1',
      [name],
    )
    return states[0]?.['sync_state'] === 'sync'
  })
}

/** Kills the primary when it has just committed writes, which its successor has too, and nobody was told. */
async function crash({ primary }: Cluster, successor: ClusterNode, way: TcpProxy): Promise<void> {
  const waiting = async (): Promise<number> => {
    const sql = `select 1 from pg_stat_activity where wait_event = 'SyncRep'`
    return (await ask(primary.config, sql)).length
  }
  await successor.freeze()
  await until('writes wait for the replica', async () => (await waiting()) >= 3)
  way.stall()
  await successor.thaw()
  await until('they are committed', async () => (await waiting()) === 0)
  await Promise.all([primary.kill(), way.cut()])
}

async function takeOver(
  cluster: Cluster,
  manner: PromotionOptions['manner'],
  way: TcpProxy,
  acknowledgements: readonly Acknowledgement[],
): Promise<Takeover> {
  const old = cluster.primary.config.port
  const next = manner === 'crash' ? 'node2' : old === cluster.nodes[0]?.config.port ? 'node2' : 'node1'
  const node = cluster.nodes.find(({ name }) => name === next)
  if (node === undefined) throw new Error(`There is no ${next}`)
  const accepted = firstWrite(node.config, 60_000)
  if (manner === 'crash') await crash(cluster, node, way)
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
