import { existsSync, readdirSync } from 'node:fs'
import { OLDER_VERSIONS, programsOf } from './test/versions/programs.ts'
import { testsFor } from './test/versions/tests.ts'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

// A file to write the results to as JSON, for programs that count them.
const report = process.env['TEST_REPORT']

// Programs that are not touched, poolers, Patroni, certificates, the benchmarks, the demo and the examples as users run
// them; and each folder with packages of its own.
const withPackages = readdirSync('test').filter((topic) => existsSync(`test/${topic}/package.json`))
const topics = [
  'bench',
  'demo',
  'examples',
  'orms',
  'frameworks',
  'tools',
  'register',
  'pgbouncer',
  'patroni',
  'tls',
  'clouds',
  'foreign/suites',
  'peers',
  'simulation/long',
  ...withPackages,
]
// The short versions of proofs that take more than a few seconds, under full load: `npm run proof:…` has the long ones.
const proofs = [
  'test/consistency/consistency.test.ts',
  'test/consistency/tokens.test.ts',
  'test/failover/chaos.test.ts',
  'test/failover/outage.test.ts',
  'test/failover/promotion.test.ts',
  'test/failover/stall.test.ts',
  'test/pool/frozen.test.ts',
  'test/proofs/chaos/short.test.ts',
  'test/proofs/limits/short.test.ts',
  'test/proofs/soak/short.test.ts',
]
// Runs tests of its own.
const guards = 'test/guards/quick.test.ts'
const conformance = [
  ...topics.map((topic) => `test/${topic}/**/*.test.ts`),
  ...proofs,
  'site/*.test.ts',
  guards,
]
const packages = '**/node_modules/**'
// They run on the versions of PostgreSQL for which they are meant.
const ofVersions = 'test/versions/{promises,without-catalog}.test.ts'

// On each older version of PostgreSQL that is installed in test/versions these tests run, too.
const onOlderVersions: ViteUserConfig[] = OLDER_VERSIONS.flatMap((version) => {
  const binDir = programsOf(version)
  if (binDir === undefined) return []
  const env = { SERVER_VERSION: String(version), SWITCHYARD_BIN_DIR: binDir }
  return {
    extends: true,
    test: { name: `postgres-${version}`, env, include: testsFor(version), isolate: false },
  }
})

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'library',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [packages, ...conformance],
          // Files leave nothing behind, so that a process may take one after the other: that spares a fifth of the work.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'conformance', include: conformance, exclude: [packages, ofVersions] } },
      ...onOlderVersions,
    ],
    // Processes rather than threads: tests start servers, send signals and load WebAssembly.
    pool: 'forks',
    // One more than the smallest machine has cores: some tests wait more than they compute. `npm test` has one more.
    maxWorkers: 3,
    // The first statement of a process goes to the primary while the parser is being loaded, whatever a test expects.
    setupFiles: ['test/support/load-parser.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    // Real servers on a shared machine: where nobody is there to look, a failure has to show twice.
    retry: process.env['CI'] === undefined ? 0 : 1,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})

export default config
