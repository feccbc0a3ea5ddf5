import { setTimeout as later } from 'node:timers/promises'
import type { Pool } from '../../src/index.ts'
import type { CausalBench } from './causal-bench.ts'
import { ask } from './servers.ts'

/** Sessions that read the bench's note without a pause until `stop` is called. */
export class EndlessSessions {
  /** Answers older than an earlier one of the same session, or than its own write. */
  backwards = 0
  reads = 0
  /** How long the last reads took, in milliseconds. */
  readonly tookMs: number[] = []
  #isStopped = false
  readonly #running: readonly Promise<void>[]

  /** @param begin Runs in each session before it reads. Returns the version that it must see. */
  constructor(pool: Pool, count: number, begin = async (): Promise<number> => -1) {
    const run = async (): Promise<void> => this.#read(pool, await begin())
    this.#running = Array.from({ length: count }, () => pool.session().run(run))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#running)
  }

  async #read(pool: Pool, first: number): Promise<void> {
    let newest = first
    while (!this.#isStopped) {
      const startedAtMs = performance.now()
      const { rows } = await pool.query<{ version: number }>('select version from notes where id = 1')
      this.tookMs.push(performance.now() - startedAtMs)
      if (this.tookMs.length > 1_000) this.tookMs.shift()
      const version = rows[0]?.version ?? -1
      if (version < newest) this.backwards += 1
      newest = Math.max(newest, version)
      this.reads += 1
    }
  }
}

/** Writes the next version. Of several writers, the later one writes the higher version. */
export const WRITE = 'update notes set version = version + 1 where id = 1 returning version'

/** Writes past the pool until the returned function is called. */
export function writingBehind(bench: CausalBench, gapMs: number): () => Promise<void> {
  let isStopped = false
  const running = (async () => {
    while (!isStopped) {
      await ask(bench.cluster.primary.config, WRITE)
      await later(gapMs)
    }
  })()
  return () => {
    isStopped = true
    return running
  }
}
