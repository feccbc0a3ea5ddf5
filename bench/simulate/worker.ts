import { parentPort, workerData } from 'node:worker_threads'
import { loadLibrary } from '../../test/simulation/library.ts'
import { install, VirtualTime } from '../../test/simulation/virtual-time.ts'
import type { Environment, Figures, Scenario } from './scenario.ts'
import { simulate } from './simulated.ts'

/** A scenario for a thread. */
export interface Job {
  readonly index: number
  readonly scenario: Scenario
  readonly environment: Environment
}

/** The figures of a scenario, and the real time that they took. */
export interface Done {
  readonly index: number
  readonly figures: Figures
  readonly tookMs: number
}

const real = performance.now.bind(performance)
const time = new VirtualTime()
install(time)
const library = await loadLibrary((workerData as { readonly directory: string }).directory)

parentPort?.on('message', ({ environment, index, scenario }: Job) => {
  const beganMs = real()
  void simulate(scenario, environment, library, time).then((figures) => {
    const done: Done = { index, figures, tookMs: Math.round(real() - beganMs) }
    parentPort?.postMessage(done, [])
  })
})
