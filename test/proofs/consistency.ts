import { parseArgs } from 'node:util'
import { blindness, shortcomings } from '../consistency/promise.ts'
import { runConsistency } from '../consistency/run.ts'

/**
 * Sessions that read and write while replicas stop replaying, die and come back, and the primary is replaced: nothing may be
 * older than promised. Then the same while commits wait for the replicas, so that these show them first; and with the floors off, where the checker must find what it looks for.
 */
const { values: options } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    'operations-synchronous': { type: 'string', default: '20000' },
    'operations-without-floors': { type: 'string', default: '50000' },
    callers: { type: 'string', default: '48' },
    seed: { type: 'string', default: '1' },
  },
})
const shared = { callers: Number(options.callers), seed: Number(options.seed) }

const withFloors = await runConsistency({
  ...shared,
  operations: Number(options.operations),
  consistency: 'causal',
  promotes: true,
})
console.dir(withFloors, { depth: 4 })
const synchronous = await runConsistency({
  ...shared,
  operations: Number(options['operations-synchronous']),
  consistency: 'causal',
  promotes: false,
  isSynchronous: true,
})
console.dir(synchronous, { depth: 4 })
const withoutFloors = await runConsistency({
  ...shared,
  operations: Number(options['operations-without-floors']),
  consistency: 'eventual',
  promotes: false,
})
console.dir(withoutFloors, { depth: 4 })

for (const wrong of [
  ...shortcomings(withFloors),
  ...shortcomings(synchronous),
  ...blindness(withoutFloors),
]) {
  console.error(wrong)
  process.exitCode = 1
}
