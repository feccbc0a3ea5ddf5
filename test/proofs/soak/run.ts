import { setTimeout } from 'node:timers/promises'
import { writeHeapSnapshot } from 'node:v8'
import { Random } from '../../simulation/random.ts'
import { pause } from '../timings.ts'
import { SOAK_FAULTS } from './faults.ts'
import { MOST_CONNECTIONS, patiently, SoakGround } from './ground.ts'
import { faultsFound, type Found } from './judge.ts'
import { connectionsOf, takeSample, type Sample } from './sample.ts'
import { SoakWorkload } from './workload.ts'

export interface SoakOptions {
  readonly seconds: number
  readonly callers: number
  /** Length of a cycle of load, in milliseconds. A sample follows each of them. */
  readonly cycleMs: number
  readonly seed: string
  /** Called with each sample, and the fault that came before. */
  readonly told?: (sample: Sample, fault: string) => void
  /** Where to write a snapshot of the heap in the middle and at the end. Absent: none. */
  readonly snapshots?: string | undefined
  /** Something wrong that is done on purpose, after the ground was made and before the load. */
  readonly harm?: (ground: SoakGround) => Promise<void>
}

export interface Soaked extends Found {
  readonly faults: readonly string[]
  readonly errors: Readonly<Record<'expected' | 'unexpected', Readonly<Record<string, number>>>>
  readonly uncaughtTexts: readonly string[]
  readonly calls: number
}

/** A call that takes longer hangs. */
const LONGEST_CALL_MS = 60_000
/** Time for connections to be closed after the end of a pool. */
const CLOSED_WITHIN_MS = 5_000
/** Besides the pool's connections: one that watches, pools and clients of their own, and another one for questions. */
const MOST_PER_SERVER = MOST_CONNECTIONS + 6

/** Loads a pool for a time, with a fault in each cycle, and takes samples between the cycles. */
export async function runSoak(options: SoakOptions): Promise<Soaked> {
  const { callers, cycleMs, harm, seconds, seed, snapshots, told } = options
  const uncaught: string[] = []
  const note = (error: unknown): void =>
    void uncaught.push(String(error instanceof Error ? error.stack : error))
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  try {
    const before = process.getActiveResourcesInfo()
    await using ground = await SoakGround.start()
    await harm?.(ground)
    const random = new Random(seed)
    const workload = new SoakWorkload(ground, random.fork('workload'), callers)
    const samples: Sample[] = []
    const untilMs = performance.now() + seconds * 1000
    const middleMs = untilMs - (seconds * 1000) / 2
    let hanging = 0
    for (let cycle = 0; performance.now() < untilMs && hanging === 0; cycle += 1) {
      const fault = SOAK_FAULTS[cycle % SOAK_FAULTS.length]
      const load = workload.run(cycleMs)
      await pause(cycleMs / 5)
      ground.rename()
      await fault?.run(ground, cycleMs / 4, random)
      hanging = (await endsWithin(LONGEST_CALL_MS, load)) ? 0 : 1
      if (hanging > 0) break
      await patiently(() => ground.cluster.caughtUp({ timeoutMs: 60_000 }))
      const isMiddle =
        performance.now() >= middleMs && (samples.at(-1)?.atHours ?? Infinity) * 3_600_000 < middleMs
      samples.push(await takeSample(ground))
      if (isMiddle && snapshots !== undefined) writeHeapSnapshot(`${snapshots}/middle.heapsnapshot`)
      const last = samples.at(-1)
      if (last !== undefined) told?.(last, fault?.name ?? '')
    }
    if (snapshots !== undefined) writeHeapSnapshot(`${snapshots}/end.heapsnapshot`)
    if (!(await endsWithin(CLOSED_WITHIN_MS, ground.pool.end()))) hanging += 1
    const leftConnections = await connectionsLeft(ground)
    const found: Found = {
      samples,
      unexpected: workload.unexpected.total,
      uncaught: uncaught.length,
      hanging,
      leftConnections,
      leftResources: besides(process.getActiveResourcesInfo(), before),
    }
    return {
      ...found,
      faults: faultsFound(found, MOST_PER_SERVER),
      errors: { expected: workload.expected.report(), unexpected: workload.unexpected.report() },
      uncaughtTexts: uncaught.slice(0, 10),
      calls: [...workload.done.values()].reduce((sum, count) => sum + count, 0),
    }
  } finally {
    process.off('uncaughtException', note)
    process.off('unhandledRejection', note)
  }
}

async function endsWithin(ms: number, run: Promise<unknown>): Promise<boolean> {
  const timeout = new AbortController()
  const late = setTimeout(ms, false, { signal: timeout.signal }).catch(() => false)
  try {
    return await Promise.race([run.then(() => true), late])
  } finally {
    timeout.abort()
  }
}

async function connectionsLeft(ground: SoakGround): Promise<readonly number[]> {
  const untilMs = performance.now() + CLOSED_WITHIN_MS
  for (;;) {
    const left = await connectionsOf(ground)
    if (left.every((count) => count === 0) || performance.now() > untilMs) return left
    await pause(200)
  }
}

/** Sockets that were not there before. Timers of this proof and of the servers' processes do not count. */
function besides(now: readonly string[], before: readonly string[]): readonly string[] {
  const countOf = (list: readonly string[]): number => list.filter((name) => name === 'TCPSocketWrap').length
  const more = countOf(now) - countOf(before)
  return more > 0 ? [`${more} sockets`] : []
}
