import { History } from '../../test/consistency/history.ts'
import { check } from '../../test/consistency/check.ts'
import { Registers } from '../../test/consistency/registers.ts'
import { rounded, Timings, type Latencies } from '../../test/proofs/timings.ts'
import { poolOver, replicasReady } from '../../test/support/routed-pool.ts'
import type { Consistency } from '../../src/consistency/mode.ts'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'

export interface ContenderFigures {
  readonly reads: number
  readonly writes: number
  /** Share of the reads that a replica answered, 0 to 1. */
  readonly offThePrimary: number
  /** Reads that showed less than their session may expect. */
  readonly staleReads: number
  /** Of all reads. */
  readonly read: Latencies
  /** Of those that came right after a write of the same register, in the same session. */
  readonly readAfterWrite: Latencies
  readonly errors: Readonly<Record<string, number>>
}

// Long enough for no connection to be taken twice.
const WARM_UP = 'select count(*) from generate_series(1, 20000)'

/** A pool of one consistency, and what became of what was done with it. */
export class Contender {
  readonly consistency: Consistency
  readonly pool: Pool
  readonly history: History = new History()
  /** The session of the pool itself. */
  readonly session: number = this.history.open('process')
  readonly #registers: Registers
  readonly #reads = new Timings()
  readonly #readsAfterWrites = new Timings()
  #writes = 0
  #before = { reads: 0, offload: 0 }

  constructor(cluster: Cluster, consistency: Consistency, options: PoolOptions = {}) {
    this.consistency = consistency
    this.pool = poolOver(cluster, { consistency, ...options })
    this.#registers = new Registers(this.pool, this.history)
  }

  /** Resolves when replicas may serve reads, and every connection is open. */
  async ready(): Promise<void> {
    await replicasReady(this.pool)
    for (const route of ['replica', 'primary'] as const) {
      await Promise.all(Array.from({ length: 50 }, () => this.pool.query({ text: WARM_UP, route })))
    }
    this.#before = this.pool.stats()
  }

  async read(session: number, register: number, isAfterWrite = false): Promise<void> {
    const startedAtMs = performance.now()
    await this.#registers.read(session, register)
    const ms = performance.now() - startedAtMs
    this.#reads.record(ms)
    if (isAfterWrite) this.#readsAfterWrites.record(ms)
  }

  async write(session: number, register: number): Promise<void> {
    await this.#registers.write(session, register)
    this.#writes += 1
  }

  figures(): ContenderFigures {
    return {
      reads: this.#reads.count,
      writes: this.#writes,
      offThePrimary: this.#offThePrimary(),
      staleReads: check(this.history).staleReads,
      read: this.#reads.latencies(),
      readAfterWrite: this.#readsAfterWrites.latencies(),
      errors: this.#registers.errors.report(),
    }
  }

  /** Since it was ready. */
  #offThePrimary(): number {
    const before = this.#before
    const { reads, offload } = this.pool.stats()
    return rounded((reads * offload - before.reads * before.offload) / (reads - before.reads), 3)
  }
}

export type Figures = Readonly<Partial<Record<Consistency, ContenderFigures>>>

/**
 * Lets contenders work in turn, a round each: A B C, C B A, A B C and so on. A machine that becomes slower or faster
 * meanwhile does so for all of them.
 */
export async function inTurn(
  contenders: readonly Contender[],
  rounds: number,
  work: (contender: Contender) => Promise<void>,
): Promise<Figures> {
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    for (const contender of order) await work(contender)
  }
  const figures = contenders.map((contender) => [contender.consistency, contender.figures()] as const)
  await Promise.all(contenders.map(({ pool }) => pool.end()))
  return Object.fromEntries(figures)
}
