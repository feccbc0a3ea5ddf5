import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { registersSchema } from '../consistency/registers.ts'
import { applyDelay } from '../support/apply-delay.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { rounded, Timings, type Latencies } from './timings.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

export interface TokenOptions {
  readonly roundTrips: number
  readonly callers: number
  /** Without it the token is thrown away. */
  readonly passesToken: boolean
}

export interface TokenFigures extends Latencies {
  readonly roundTrips: number
  /** Reads that did not show what the other process had written before. */
  readonly staleReads: number
  readonly writesWithoutToken: number
  /** Share of the reads that a replica answered, 0 to 1. */
  readonly offThePrimary: number
}

const REGISTERS = 64

/** A cluster whose replicas lag, and another process that writes to it. */
export class TokenGround implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #writer: ChildProcess
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true })

  private constructor(cluster: Cluster, writer: ChildProcess, port: number) {
    this.#cluster = cluster
    this.#writer = writer
    this.#port = port
  }

  static async open(): Promise<TokenGround> {
    const cluster = await sharedCluster({ replicas: 2 })
    await ask(cluster.primary.config, registersSchema(REGISTERS))
    await cluster.caughtUp()
    // Processes run what was compiled.
    const writer = fork(new URL('token-writer.js', import.meta.url))
    const replicas = cluster.replicas.map(({ config }) => config)
    writer.send({ ...cluster.primary.config, replicas } satisfies PoolOptions)
    const [port] = (await once(writer, 'message')) as [number]
    return new TokenGround(cluster, writer, port)
  }

  /** From now on the replicas are so many milliseconds behind. */
  async lag(...lagsMs: readonly number[]): Promise<void> {
    await Promise.all(this.#cluster.replicas.map((node, index) => applyDelay(node, lagsMs[index] ?? 0)))
  }

  /** The other process writes, this one reads with the token that came with the answer. */
  async run({ roundTrips, callers, passesToken }: TokenOptions): Promise<TokenFigures> {
    const pool = poolOver(this.#cluster)
    await replicasReady(pool)
    const timings = new Timings()
    let [begun, staleReads, writesWithoutToken] = [0, 0, 0]
    const caller = async (): Promise<void> => {
      while (begun < roundTrips) {
        const register = 1 + (begun++ % REGISTERS)
        const { version, token } = await this.#write(register)
        if (token === '') writesWithoutToken += 1
        const startedAtMs = performance.now()
        const shown = await readIn(pool, passesToken ? token : '', register)
        timings.record(performance.now() - startedAtMs)
        if (shown < version) staleReads += 1
      }
    }
    try {
      await Promise.all(Array.from({ length: callers }, caller))
      const offThePrimary = rounded(pool.stats().offload, 3)
      return {
        roundTrips: timings.count,
        staleReads,
        writesWithoutToken,
        offThePrimary,
        ...timings.latencies(),
      }
    } finally {
      await pool.end()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    const ended = once(this.#writer, 'exit')
    this.#writer.disconnect()
    await ended
    await this.#cluster.stop()
  }

  async #write(register: number): Promise<{ readonly version: number; readonly token: string }> {
    const request = get({ port: this.#port, path: `/${register}`, agent: this.#agent })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const body = await text(response)
    if (response.statusCode !== 200) throw new Error(body)
    return { version: Number(body), token: String(response.headers['x-switchyard-token']) }
  }
}

function readIn(pool: Pool, token: string, register: number): Promise<number> {
  return pool.withSession(token === '' ? {} : { token }, async () => {
    const { rows } = await pool.query<{ version: number }>('select version from registers where id = $1', [
      register,
    ])
    return rows[0]?.version ?? -1
  })
}
