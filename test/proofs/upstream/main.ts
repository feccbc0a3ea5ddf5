import { parseArgs } from 'node:util'
import { startCluster } from '../../../src/test-cluster/index.ts'
import type { Plug } from './plug.ts'
import { runSuite, type Results } from './run-suite.ts'

/**
 * Runs a test suite that others have written, unmodified, on what it was written for and then on the routed pool, each on a
 * new cluster. Fails when a test passes on the first and not on the second. The suite, its runner (mocha, vitest, jest or jasmine) and what
 * it needs are not of this package: `--directory` says where they are, installed and ready to run.
 */
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    directory: { type: 'string', default: '.' },
    /** The runner's program, and behind `--` what it is given. */
    runner: { type: 'string', default: 'node_modules/.bin/mocha' },
    /** There is no runner: what stands behind `--` are programs, and each of them is a test. */
    each: { type: 'boolean', default: false },
    /** What the suite calls node-postgres. */
    module: { type: 'string', default: 'pg' },
    replicas: { type: 'string', default: '1' },
    /**
     * What is replaced: `Pool`, the class of node-postgres; `module`, its `Client` as well; `Client`, both by a pool, for suites
     * that are written for one client; or a whole package's main file.
     */
    replace: { type: 'string', default: 'Pool' },
    /** For suites whose servers stand in their code: every connection goes to the cluster. */
    'override-server': { type: 'boolean', default: false },
    database: { type: 'string', default: 'postgres' },
    checkout: { type: 'string', default: 'lazy' },
    /** Tells also what fails on both. */
    failures: { type: 'boolean', default: false },
  },
})

const replicas = Number(options.replicas)
const results: Results[] = []
for (const isRouted of [false, true]) {
  await using cluster = await startCluster({ replicas, database: options.database })
  const plug: Omit<Plug, 'tally'> = {
    isRouted,
    module: options.module,
    replace: options.replace,
    overrideServer: options['override-server'],
    primary: cluster.primary.config,
    replicas: cluster.replicas.map(({ config }) => config),
    checkout: options.checkout === 'eager' ? 'eager' : 'lazy',
  }
  const { directory } = options
  const runner = options.each ? undefined : options.runner
  const found = await runSuite({ directory, runner, args: positionals, plug })
  const states = [...found.tests.values()].map(({ state }) => state)
  const count = (wanted: string): number => states.filter((state) => state === wanted).length
  if (options.failures) {
    for (const [name, { state, message }] of found.tests) {
      if (state === 'failed') console.log(`\nfailed: ${name}\n${message}`)
    }
  }
  const counts = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`
  console.log(`${isRouted ? 'routed' : 'bare'}: ${states.length} tests, ${counts}`)
  if (found.reads > 0) console.log(`${found.replicaReads} of ${found.reads} proven reads ran on replicas`)
  results.push(found)
}

const [bare, routed] = results as [Results, Results]
const lost = [...bare.tests].filter(
  ([name, { state }]) => state === 'passed' && routed.tests.get(name)?.state !== 'passed',
)
for (const [name] of lost) {
  console.log(`\nlost: ${name}\n${routed.tests.get(name)?.message ?? 'it did not run'}`)
}
process.exitCode = lost.length === 0 && bare.tests.size > 0 ? 0 : 1
