import { parentPort, workerData } from 'node:worker_threads'
import { planOf } from './generate.ts'
import { loadLibrary } from './library.ts'
import { runPlan } from './run.ts'
import { install, VirtualTime } from './virtual-time.ts'

const { directory, seed } = workerData as { readonly directory: string; readonly seed: string }
const time = new VirtualTime()
install(time)
const { digest, trace, violations } = await runPlan(planOf(seed), await loadLibrary(directory), time)
const lines = [
  ...trace,
  ...violations.map(({ property, told }) => `${property}: ${told}`),
  `digest ${digest}`,
]
parentPort?.postMessage(lines, [])
process.exitCode = violations.length === 0 ? 0 : 1
