import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { startCluster } from '../../src/test-cluster/index.ts'
import { writeResult } from '../support/environment.ts'

const [major = ''] = process.versions.node.split('.')

/**
 * Measures how long a new process takes to import the library, and until its first answer, against a bare `pg.Pool`.
 * Each round starts one process of each kind, one after the other; ratios are those of a round. Both are measured with
 * the packages installed, and from one bundled file. Needs `dist/`.
 */
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    out: { type: 'string', default: `bench/results/cold-start-node-${major}.json` },
  },
})

const root = join(import.meta.dirname, '../../..')
const library = pathToFileURL(join(root, 'dist/index.mjs')).href

interface Contender {
  readonly name: string
  /** The module that has the `Pool`. */
  readonly module: string
  readonly hasReplica: boolean
}

const contenders: readonly Contender[] = [
  { name: 'pg', module: 'pg', hasReplica: false },
  { name: 'one node', module: library, hasReplica: false },
  { name: 'one replica', module: library, hasReplica: true },
]

interface Times {
  readonly importMs: number
  readonly firstAnswerMs: number
  /** CPU time of the process from the import to the first answer, which says more than the time on a busy machine. */
  readonly cpuMs: number
  /** Until the tenth of ten answers, one after the other: work that the first one defers counts here. */
  readonly tenAnswersMs: number
  readonly tenCpuMs: number
}

const measured = `
  const importMs = performance.now() - startMs
  const pool = new Pool(JSON.parse(process.env.CONFIG))
  await pool.query('select 1')
  const firstAnswerMs = performance.now() - startMs
  const cpu = () => Object.values(process.cpuUsage(startCpu)).reduce((a, b) => a + b) / 1000
  const cpuMs = cpu()
  for (let i = 0; i < 9; i += 1) await pool.query('select ' + i)
  const tenAnswersMs = performance.now() - startMs
  const tenCpuMs = cpu()
  await pool.end()
  console.log(JSON.stringify({ importMs, firstAnswerMs, cpuMs, tenAnswersMs, tenCpuMs }))
`
const program = (module: string): string => `
  const startMs = performance.now()
  const startCpu = process.cpuUsage()
  const { default: { Pool } } = await import(${JSON.stringify(module)})
  ${measured}
`

await using cluster = await startCluster({ replicas: 1 })

async function run(file: readonly string[], { hasReplica }: Contender): Promise<Times> {
  const replicas = cluster.replicas.map(({ config }) => config)
  const CONFIG = JSON.stringify({ ...cluster.primary.config, ...(hasReplica && { replicas }) })
  const { stdout } = await promisify(execFile)(process.execPath, file, {
    cwd: root,
    env: { ...process.env, CONFIG },
  })
  return JSON.parse(stdout) as Times
}

const folder = mkdtempSync(join(tmpdir(), 'pg-switchyard-cold-start-'))

/** Writes one file with everything that the program needs. */
async function bundle(module: string, name: string): Promise<string> {
  const build = await rolldown({
    input: 'virtual:program',
    cwd: root,
    platform: 'node',
    onLog: () => undefined,
    plugins: [
      {
        name: 'program',
        resolveId: (id) => (id === 'virtual:program' ? join(root, 'program.mjs') : undefined),
        load: (id) => (id === join(root, 'program.mjs') ? program(module) : undefined),
      },
    ],
  })
  const file = join(folder, `${name}.mjs`)
  await build.write({ file, format: 'esm', codeSplitting: false, minify: true })
  await build.close()
  return file
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const rounded = (value: number): number => Math.round(value * 100) / 100

/** Medians of the times, and of the ratio to the first contender within a round. */
async function compare(files: readonly (readonly string[])[]): Promise<Record<string, object>> {
  const rounds: Times[][] = []
  // The first round fills the caches of the operating system.
  for (let round = -1; round < Number(options.rounds); round += 1) {
    const times: Times[] = []
    for (const [index, contender] of contenders.entries())
      times.push(await run(files[index] ?? [], contender))
    if (round >= 0) rounds.push(times)
  }
  return Object.fromEntries(
    contenders.map(({ name }, index) => {
      const of = (field: keyof Times): readonly number[] => rounds.map((times) => times[index]?.[field] ?? 0)
      const overBare = (field: keyof Times): number =>
        rounded(median(rounds.map((times) => (times[index]?.[field] ?? 0) / (times[0]?.[field] ?? 1))))
      return [
        name,
        {
          importMs: rounded(median(of('importMs'))),
          firstAnswerMs: rounded(median(of('firstAnswerMs'))),
          cpuMs: rounded(median(of('cpuMs'))),
          tenAnswersMs: rounded(median(of('tenAnswersMs'))),
          tenCpuMs: rounded(median(of('tenCpuMs'))),
          overBare: {
            import: overBare('importMs'),
            firstAnswer: overBare('firstAnswerMs'),
            cpu: overBare('cpuMs'),
            tenAnswers: overBare('tenAnswersMs'),
            tenCpu: overBare('tenCpuMs'),
          },
        },
      ]
    }),
  )
}

const bundles = await Promise.all(
  contenders.map(({ module }, index) =>
    bundle(module === 'pg' ? 'pg' : join(root, 'dist/index.mjs'), `${index}`),
  ),
)
const installed = await compare(
  contenders.map(({ module }) => ['--input-type=module', '--eval', program(module)]),
)
const bundled = await compare(bundles.map((file) => [file]))
const sizes = Object.fromEntries(
  [bundles[0], bundles[1]].map((file = '', index) => [
    index === 0 ? 'pg' : 'pg-switchyard',
    { bytes: statSync(file).size, gzipBytes: gzipSync(readFileSync(file)).length },
  ]),
)
rmSync(folder, { recursive: true })

console.log('installed', installed)
console.log('bundled', bundled)
console.log(sizes)
writeResult(options.out, {
  bench: 'cold-start',
  rounds: Number(options.rounds),
  installed,
  bundled,
  bundleSizes: sizes,
})
