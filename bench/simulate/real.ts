import { Client } from 'pg'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { applyDelay } from '../../test/support/apply-delay.ts'
import { startClusterWith } from '../../test/support/ground.ts'
import { poolOver, replicasReady } from '../../test/support/routed-pool.ts'
import { ask } from '../../test/support/servers.ts'
import { startProxy, type TcpProxy } from '../../test/support/tcp-proxy.ts'
import { runLoad } from './load.ts'
import { optionsOf } from './pool-options.ts'
import type { Environment, Figures, Scenario } from './scenario.ts'
import { READS, schemaOf, workOf, WRITE } from './statements.ts'

const CALIBRATION_RUNS = 40

/** Times of the real cluster, for the model. */
export interface Calibration extends Environment {
  /** Milliseconds that a statement takes on the server beyond the sleep that it asks for. */
  readonly oversleptMs: number
}

/** Real servers on this machine that run scenarios. */
export class RealCluster implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #far: TcpProxy

  private constructor(cluster: Cluster, far: TcpProxy) {
    this.#cluster = cluster
    this.#far = far
  }

  static async start(replicas: number, rows: number): Promise<RealCluster> {
    const cluster = await startClusterWith(
      { replicas, settings: { max_connections: 200 } },
      ...schemaOf(rows),
    )
    const [first] = cluster.replicas
    if (first === undefined) throw new Error('A comparison needs a replica')
    return new RealCluster(cluster, await startProxy({ host: first.config.host, port: first.config.port }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#far.close()
    await this.#cluster.stop()
  }

  /** Measures single statements, without any load. */
  async calibrate(readMs: number, writeMs: number): Promise<Calibration> {
    const client = new Client(this.#cluster.primary.config)
    await client.connect()
    try {
      const seconds = readMs / 1000
      const timed = 'select clock_timestamp() as began, work($1), clock_timestamp() as ended'
      const onServer = await medianOf(async () => {
        const { rows } = await client.query(
          `select extract(epoch from ended - began)::float8 * 1000 as ms from (${timed}) timed`,
          [seconds],
        )
        return rows[0].ms as number
      })
      const read = await medianOf(() => elapsed(() => client.query(READS.row, [1, seconds])))
      const write = await medianOf(() => elapsed(() => client.query(WRITE, [1, writeMs / 1000])))
      const oversleptMs = Math.max(0, onServer - readMs)
      return {
        oversleptMs,
        networkMs: Math.max(0, read - onServer) / 2,
        commitMs: Math.max(0, write - writeMs - (read - readMs)),
        replayMs: 0.05,
        processMs: 0,
      }
    } finally {
      await client.end()
    }
  }

  /** Runs a scenario. Also returns the processor time of this process for each statement. */
  async run(scenario: Scenario): Promise<{ readonly figures: Figures; readonly processMs: number }> {
    const replicas = this.#cluster.replicas.slice(0, scenario.replicas)
    await ask(this.#cluster.primary.config, workOf(scenario.cores))
    await this.#cluster.caughtUp()
    await Promise.all(replicas.map((node) => applyDelay(node, scenario.lagMs)))
    const pool = poolOver(this.#cluster, {
      replicas: replicas.map(({ config }, index) =>
        index < scenario.unequal ? { ...config, ...this.#far.config } : config,
      ),
      ...optionsOf(scenario),
    })
    try {
      await replicasReady(pool)
      this.#far.delay(scenario.fartherMs)
      const before = process.cpuUsage()
      const figures = await runLoad(pool, scenario)
      const { system, user } = process.cpuUsage(before)
      const statements =
        (figures.perSecond + figures.writesPerSecond) * (scenario.seconds + scenario.warmUpSeconds)
      return { figures, processMs: (user + system) / 1000 / statements }
    } finally {
      await pool.end()
      this.#far.delay(0)
      await Promise.all(replicas.map((node) => applyDelay(node, 0)))
      await this.#cluster.caughtUp()
    }
  }
}

async function elapsed(run: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now()
  await run()
  return performance.now() - beganMs
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const values: number[] = []
  for (let run = 0; run < CALIBRATION_RUNS; run++) values.push(await measure())
  return values.toSorted((a, b) => a - b)[CALIBRATION_RUNS >> 1] ?? Number.NaN
}
