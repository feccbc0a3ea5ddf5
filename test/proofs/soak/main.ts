import { randomInt } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { rounded } from '../timings.ts'
import { growthFound, trendsOf } from './judge.ts'
import { runSoak } from './run.ts'

/**
 * Mixed load for a long time, with a fault every few seconds. Fails when memory grows, when a connection, a transaction, a
 * lock or a timer is left, when an error is not caught, and when a caller gets an error that no fault explains.
 */
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    callers: { type: 'string', default: '16' },
    'cycle-ms': { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(randomInt(1_000_000)) },
    snapshots: { type: 'string' },
  },
})

console.log(`seed ${options.seed}`)
if (options.snapshots !== undefined) mkdirSync(options.snapshots, { recursive: true })
const { calls, errors, faults, leftConnections, samples, uncaughtTexts } = await runSoak({
  seconds: Number(options.minutes) * 60,
  callers: Number(options.callers),
  cycleMs: Number(options['cycle-ms']),
  seed: options.seed,
  snapshots: options.snapshots,
  told: (sample, fault) => {
    const { atHours, connections, externalMiB, heapMiB, listeners, rssMiB, sockets, timers } = sample
    const memory = [heapMiB, externalMiB, rssMiB].map((value) => rounded(value, 2)).join(' ')
    const counts = `connections ${connections.join(' ')}, sockets ${sockets}, timers ${timers}, listeners ${listeners}`
    console.log(`${(atHours * 60).toFixed(1)} min: heap, external, rss ${memory}; ${counts}; ${fault}`)
  },
})
console.log({ calls, samples: samples.length, leftConnections, errors })
console.table(trendsOf(samples))
for (const text of uncaughtTexts) console.error(text)
const found = [...faults, ...growthFound(samples)]
for (const fault of found) console.error(`Not as it must be: ${fault}`)
if (found.length > 0) process.exitCode = 1
