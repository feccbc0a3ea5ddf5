import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Ran } from './schedules.ts'

export interface Runs {
  /** Folder of the built library. */
  readonly directory: string
  readonly from: number
  readonly schedules: number
  readonly threads?: number
}

/** Most of what a schedule allocates is garbage soon: a small young generation would be collected all the time. */
const YOUNG_MB = 64

/** Runs schedules in several threads, and tells each as it ends. Ends early once `ran` returns `enough`. */
export async function runThreads(
  { directory, from, schedules, threads = availableParallelism() }: Runs,
  ran: (told: Ran) => 'enough' | void,
): Promise<void> {
  const until = from + schedules
  const workers: Worker[] = []
  let isEnough = false
  const step = Math.min(threads, schedules)
  await Promise.all(
    Array.from({ length: step }, (_, index) => {
      const worker = new Worker(new URL('worker.js', import.meta.url), {
        workerData: { directory, from: from + index, until, step },
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      })
      workers.push(worker)
      worker.on('message', (told: Ran) => {
        if (isEnough || ran(told) !== 'enough') return
        isEnough = true
        for (const each of workers) void each.terminate()
      })
      return new Promise<void>((resolve, reject) => {
        worker.on('error', reject)
        worker.on('exit', (code) =>
          code === 0 || isEnough ? resolve() : reject(new Error(`A thread ended with ${code}`)),
        )
      })
    }),
  )
}
