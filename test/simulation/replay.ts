import { parentPort, workerData } from 'node:worker_threads'
import { planOf } from './generate.ts'
import { loadLibraries } from './library.ts'
import { runPlan } from './run.ts'
import { shrink } from './shrink.ts'
import { storyOf } from './story.ts'
import { install, VirtualTime } from './virtual-time.ts'

const { directory, seed } = workerData as { readonly directory: string; readonly seed: string }
const time = new VirtualTime()
install(time)
const machine = { time, libraries: await loadLibraries(directory) }
const plan = planOf(seed)
const verdict = await runPlan(plan, machine)
const [violation] = verdict.violations
const lines = [...verdict.trace, ...verdict.violations.map(({ property, told }) => `${property}: ${told}`)]
if (violation !== undefined) {
  let runs = 0
  const smallest = await shrink(plan, async (smaller) => {
    runs += 1
    const { violations } = await runPlan(smaller, machine, `${seed}-${runs}`)
    return violations.some(({ property }) => property === violation.property)
  })
  const { trace, violations } = await runPlan(smallest, machine, `${seed}-smallest`)
  lines.push(
    '',
    `The smallest schedule that was found (after ${runs}):`,
    ...storyOf(smallest, violations, trace),
  )
}
parentPort?.postMessage([...lines, `digest ${verdict.digest}`], [])
process.exitCode = violation === undefined ? 0 : 1
