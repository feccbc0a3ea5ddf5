import { parseArgs } from 'node:util'
import { createRandom } from '../../src/cli/demo/random.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { registersSchema } from '../../test/consistency/registers.ts'
import { applyDelay } from '../../test/support/apply-delay.ts'
import { ask } from '../../test/support/servers.ts'
import { poolOver, replicasReady } from '../../test/support/routed-pool.ts'
import { writeResult } from '../support/environment.ts'
import { compare } from '../support/interleave.ts'
import { floorsPerWrite } from './floors.ts'
import { Contender, inTurn, type Figures } from './ground.ts'
import { runProcess, runSessions, whileLagsChange } from './loads.ts'
import { memoryOfSessions } from './memory.ts'

/**
 * Measures the cost of reading your own writes. How many reads stay off the primary although replicas lag, and how long
 * do reads take that have to wait? Reads that may show anything, in the same run, are the comparison.
 */
const { values: options } = parseArgs({
  options: {
    sessions: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '4' },
    'round-ms': { type: 'string', default: '5000' },
    'think-ms': { type: 'string', default: '200' },
    'kept-sessions': { type: 'string', default: '1000000' },
    out: { type: 'string', default: 'bench/results/offload.json' },
  },
})
const rounds = Number(options.rounds)
const roundMs = Number(options['round-ms'])
const thinkMs = Number(options['think-ms'])
const sessions = Number(options.sessions)
const random = createRandom(1)

await using cluster = await startCluster({ replicas: 2 })
await ask(cluster.primary.config, registersSchema(Math.max(sessions, 256)))
await cluster.caughtUp()

const lagging = async (ms: number): Promise<void> => {
  await Promise.all(cluster.replicas.map((node) => applyDelay(node, ms)))
  await cluster.caughtUp()
}

const contenders = (['causal', 'eventual', 'window'] as const).map(
  (consistency) => new Contender(cluster, consistency, { windowMs: 2000 }),
)
await Promise.all(contenders.map((contender) => contender.ready()))
let inSessions: Figures = {}
const measured = inTurn(contenders, rounds, (contender) =>
  runSessions(contender, { sessions, roundMs, thinkMs, random }),
)
await whileLagsChange(
  cluster,
  random,
  measured.then((figures) => {
    inSessions = figures
  }),
)
console.log(`${sessions} sessions, one write in ten, replicas 5 to 50 ms behind`)
print(inSessions)

await lagging(20)
const withoutSessions: Record<string, Figures> = {}
for (const writesPerSecond of [1, 20, 200]) {
  const pair = (['causal', 'eventual'] as const).map((consistency) => new Contender(cluster, consistency))
  await Promise.all(pair.map((contender) => contender.ready()))
  const load = { writesPerSecond, readers: 50, registers: 256, roundMs, thinkMs: thinkMs / 4, random }
  const figures = await inTurn(pair, Math.ceil(rounds / 2), (contender) => runProcess(contender, load))
  withoutSessions[`${writesPerSecond} writes/s`] = figures
  console.log(`no sessions, ${writesPerSecond} writes/s, replicas 20 ms behind`)
  print(figures)
}

await lagging(0)
const pool = poolOver(cluster)
await replicasReady(pool)
const inSession = (consistency: 'causal' | 'eventual'): (() => Promise<unknown>) => {
  const session = pool.withSession({ consistency }, (given) => given)
  const read = (): Promise<unknown> => pool.query('select version from registers where id = $1', [1])
  return () => session.run(read)
}
const unwritten = await compare(
  [
    { name: 'eventual', once: inSession('eventual') },
    { name: 'causal', once: inSession('causal') },
  ],
  16,
  10 * rounds,
  200,
)
const { median, min, max } = unwritten.ratio
console.log(
  `reads of a session that did not write, causal over eventual: ${median.toFixed(3)} (${min.toFixed(2)}–${max.toFixed(2)})`,
)

await pool.end()

const memory = await memoryOfSessions(Number(options['kept-sessions']))
console.log(
  `${memory.sessions} sessions: ${memory.bytesEach} bytes each, ${memory.bytesEachInUse} once they have written and read (${memory.bytesEachAlone} alone), ${memory.timers} timers`,
)

const floors = []
for (const writesPerSecond of [1, 10, 1000]) {
  const figures = await floorsPerWrite(cluster, writesPerSecond, roundMs)
  floors.push(figures)
  console.log(`${writesPerSecond} writes/s: ${figures.perWrite} floor queries per write`)
}

writeResult(options.out, { bench: 'offload', inSessions, withoutSessions, unwritten, floors, memory })

function print(figures: Figures): void {
  for (const [consistency, { reads, offThePrimary, staleReads, read, readAfterWrite }] of Object.entries(
    figures,
  )) {
    const after =
      readAfterWrite.maxMs > 0 ? `, right after a write ${readAfterWrite.p50Ms}/${readAfterWrite.p99Ms}` : ''
    console.log(
      `  ${consistency.padEnd(8)} ${reads} reads, ${(100 * offThePrimary).toFixed(1)} % off the primary, ${staleReads} stale, ` +
        `p50/p99 ${read.p50Ms}/${read.p99Ms} ms${after}`,
    )
  }
}
