import { Worker } from 'node:worker_threads'
import type { Environment, Figures, Scenario } from './scenario.ts'
import type { Done, Job } from './worker.ts'

/** Most of what a scenario allocates is garbage soon. */
const YOUNG_MB = 64

export interface Simulated {
  readonly scenario: Scenario
  readonly figures: Figures
  /** Real time that the simulation took. */
  readonly tookMs: number
}

/** Simulates scenarios, each on one thread. `told` gets each as it ends. */
export async function simulateAll(
  scenarios: readonly Scenario[],
  environment: Environment,
  { directory, threads }: { readonly directory: string; readonly threads: number },
  told: (done: Simulated) => void = () => {},
): Promise<readonly Simulated[]> {
  const results: Simulated[] = []
  // The long ones first, so that no thread is left alone with one at the end.
  const todo = scenarios
    .map((scenario, index): Job => ({ index, scenario, environment }))
    .toSorted((a, b) => b.scenario.callers - a.scenario.callers)
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('worker.js', import.meta.url), {
        workerData: { directory },
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      })
      let isOver = false
      const next = (): void => {
        const job = todo.shift()
        if (job !== undefined) return worker.postMessage(job, [])
        isOver = true
        void worker.terminate()
      }
      worker.on('message', ({ figures, index, tookMs }: Done) => {
        const done = { scenario: scenarios[index] as Scenario, figures, tookMs }
        results[index] = done
        told(done)
        next()
      })
      worker.on('error', reject)
      worker.on('exit', (code) =>
        isOver ? resolve() : reject(new Error(`A thread of the simulation ended with ${code}`)),
      )
      next()
    })
  await Promise.all(Array.from({ length: Math.min(threads, scenarios.length) }, work))
  return results
}
