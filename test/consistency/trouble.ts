import type { Random } from '../../src/cli/demo/random.ts'
import type { Pool } from '../../src/index.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { acknowledgeWhatHas } from '../proofs/promotion-run.ts'
import { pause } from '../proofs/timings.ts'
import { ask, until } from '../support/servers.ts'

/** Of so many turns of a replica, one is a kill. */
const TURNS_A_KILL = 12

/** Makes trouble for a cluster, and counts it. */
export class Trouble {
  pauses = 0
  kills = 0
  promotions = 0
  drains = 0
  readonly #cluster: Cluster
  readonly #random: Random

  constructor(cluster: Cluster, random: Random) {
    this.#cluster = cluster
    this.#random = random
  }

  /**
   * Pauses the replay of each replica again and again, and now and then kills it and starts it again, until `isOver`. Then
   * all of them run and replay.
   */
  async makeUntil(isOver: () => boolean): Promise<void> {
    await Promise.all(this.#cluster.replicas.map((node, index) => this.#annoy(node, index, isOver)))
  }

  /** Takes the reads from one node after the other and gives them back, so that sessions have to go elsewhere. */
  async drainUntil(isOver: () => boolean, pools: readonly Pool[]): Promise<void> {
    while (!isOver()) {
      for (const pool of pools) {
        const drained = this.#random.integer(0, this.#cluster.nodes.length - 1)
        pool.setNodes(
          this.#cluster.nodes.map(({ config }, index) => ({ ...config, weight: index === drained ? 0 : 1 })),
        )
      }
      this.drains += 1
      await pause(this.#random.between(20, 200))
    }
  }

  async #annoy(node: ClusterNode, index: number, isOver: () => boolean): Promise<void> {
    for (let n = 0; !isOver(); n++) {
      if (n % TURNS_A_KILL === index) {
        this.kills += 1
        await node.kill()
        await pause(this.#random.between(0, 500))
        await node.start()
      } else {
        this.pauses += 1
        await node.pauseReplay()
        await pause(this.#random.between(20, 500))
        await node.resumeReplay()
      }
      await pause(this.#random.between(20, 500))
    }
  }

  /**
   * Kills the primary and promotes a replica that has everything which anybody was told or shown. To be called while all
   * replicas run and replay.
   */
  async promote(): Promise<void> {
    const cluster = this.#cluster
    const old = cluster.primary
    const [next, ...others] = cluster.replicas
    if (next === undefined) throw new Error('The cluster has no replica')
    await acknowledgeWhatHas(cluster, next.name)
    // The others may get more than it before the primary dies, and nobody is to see that there.
    await Promise.all(others.map((node) => node.pauseReplay()))
    for (const node of [old, ...others]) await untilReceived(next, await shownBy(node))
    await old.kill()
    await cluster.promote(next)
    await Promise.all(others.map((node) => node.resumeReplay()))
    await old.start()
    this.promotions += 1
  }
}

/** Up to where a node shows what was written. */
async function shownBy({ config }: ClusterNode): Promise<unknown> {
  const sql = `
    select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end as lsn`
  return (await ask(config, sql))[0]?.['lsn']
}

async function untilReceived({ name, config }: ClusterNode, lsn: unknown): Promise<void> {
  await until(`${name} has received ${String(lsn)}`, async () => {
    const [row] = await ask(config, 'select pg_last_wal_receive_lsn() >= $1::pg_lsn as has', [lsn])
    return row?.['has'] === true
  })
}
