import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { copyWith, defects } from '../simulation/defects.ts'
import type { Ran } from '../simulation/schedules.ts'
import { runThreads } from '../simulation/threads.ts'

/**
 * Whole routers on a virtual clock, over simulated servers that lag, stall, die and are replaced: seeded schedules, and
 * what each promise of the library is worth in them. `--seed` replays one schedule, and tells its story.
 */
const { values: options } = parseArgs({
  options: {
    schedules: { type: 'string' },
    defects: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    threads: { type: 'string' },
    digests: { type: 'boolean', default: false },
    library: { type: 'string', default: join(import.meta.dirname, '../../../dist') },
  },
})
const directory = options.library
const runs = {
  from: Number(options.from),
  schedules: Number(options.schedules ?? (options.defects ? 400 : 10_000)),
  ...(options.threads === undefined ? {} : { threads: Number(options.threads) }),
}

if (options.defects) await findDefects(options.only)
else if (options.seed === undefined) await runAll()
else await replay(options.seed)

/** Brings back one old defect after the other, each in a copy of the library, and tells by which seed it is found. */
async function findDefects(only: readonly string[] = []): Promise<void> {
  const folder = join(directory, '../node_modules/.cache/defects')
  const chosen = defects.filter(({ name }) => only.length === 0 || only.includes(name))
  if (chosen.length < only.length) throw new Error(`Not all of these are defects: ${only.join(', ')}`)
  let found = 0
  for (const defect of chosen) {
    let schedules = 0
    let finding: string | undefined
    const ran = ({ seed, violations: [violation] }: Ran): 'enough' | undefined => {
      schedules += 1
      if (violation === undefined) return undefined
      finding = `seed ${seed}: ${violation.property}`
      return 'enough'
    }
    await runThreads({ directory: copyWith(defect, directory, folder), ...runs }, ran)
    if (finding !== undefined) found += 1
    print(`${defect.name}: ${finding ?? 'not found'} (${schedules} schedules)`)
  }
  rmSync(folder, { recursive: true, force: true })
  print(`${found} of ${chosen.length} defects found`)
  if (found < chosen.length) process.exitCode = 1
}

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
  await runThreads({ directory, ...runs }, ran)
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
