import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { Ran } from '../simulation/schedules.ts'
import { runThreads } from '../simulation/threads.ts'

/**
 * Whole routers on a virtual clock, over simulated servers that lag, stall, die and are replaced: seeded schedules, and
 * what each promise of the library is worth in them. `--seed` replays one schedule, and tells its story.
 */
const { values: options } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    threads: { type: 'string' },
    digests: { type: 'boolean', default: false },
    library: { type: 'string', default: join(import.meta.dirname, '../../../dist') },
  },
})
const directory = options.library

if (options.seed === undefined) await runAll()
else await replay(options.seed)

async function runAll(): Promise<void> {
  const beganMs = performance.now()
  let schedules = 0
  let operations = 0
  let failures = 0
  let faults = 0
  const broken = new Map<string, Set<number>>()
  const ran = (told: Ran): void => {
    schedules += 1
    operations += told.operations
    failures += told.failures
    faults += told.faults
    if (options.digests) print(`${told.seed} ${told.digest}`)
    for (const { property, told: how } of told.violations) {
      const seeds = broken.get(property) ?? new Set()
      if (seeds.size < 3 && !seeds.has(told.seed)) print(`seed ${told.seed}: ${property}: ${how}`)
      broken.set(property, seeds.add(told.seed))
    }
  }
  await runThreads(
    {
      directory,
      from: Number(options.from),
      schedules: Number(options.schedules),
      ...(options.threads === undefined ? {} : { threads: Number(options.threads) }),
    },
    ran,
  )
  for (const [property, seeds] of broken) {
    print(
      `${property}: broken in ${seeds.size} schedules, such as --seed ${[...seeds].slice(0, 5).join(', ')}`,
    )
    process.exitCode = 1
  }
  const seconds = (performance.now() - beganMs) / 1000
  print(
    `${schedules} schedules, ${operations} operations (${failures} failed), ${faults} faults, ${broken.size} properties broken, ${seconds.toFixed(1)} s`,
  )
}

/** Runs one schedule in a thread of its own, where the clock may be replaced. */
async function replay(seed: string): Promise<void> {
  const worker = new Worker(new URL('../simulation/replay.js', import.meta.url), {
    workerData: { directory, seed },
  })
  worker.on('message', (lines: readonly string[]) => print(lines.join('\n')))
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', (code) => {
      process.exitCode = code
      resolve()
    })
  })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
