import { defineConfig, type ViteUserConfig } from 'vitest/config'

// A file to write the results to as JSON, for programs that count them.
const report = process.env['TEST_REPORT']

// With what others have written: ORMs, tools, programs that are not touched, poolers, Patroni, certificates.
const peers = ['orms', 'tools', 'register', 'pgbouncer', 'patroni', 'tls'].map(
  (topic) => `test/${topic}/**/*.test.ts`,
)

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      // These leave nothing behind, so that a process may run one file after the other: that takes a third of the time.
      { extends: true, test: { name: 'units', include: ['src/**/*.test.ts'], isolate: false } },
      { extends: true, test: { name: 'library', include: ['test/**/*.test.ts'], exclude: peers } },
      { extends: true, test: { name: 'conformance', include: peers } },
    ],
    // Processes rather than threads: tests start servers, send signals and load WebAssembly.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    // Real servers on a shared machine: where nobody is there to look, a failure has to show three times.
    retry: process.env['CI'] === undefined ? 0 : 2,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})

export default config
