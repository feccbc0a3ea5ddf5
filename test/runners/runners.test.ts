import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { installPacked, root, type Consumer } from '../package/install.ts'
import { ask } from '../support/servers.ts'

// Projects whose own tests use the package, each run by its test runner.

let consumer: Consumer
let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table notes as select 1 as a')
  await cluster.caughtUp()
  consumer = installPacked()
  for (const name of ['@types/pg', '@types/node', 'vitest']) consumer.link(name)
  for (const name of [
    '@jest/globals',
    '@babel/preset-env',
    '@babel/preset-typescript',
    'babel-jest',
    'ts-jest',
    'typescript',
  ]) {
    const path = join(consumer.folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(join(import.meta.dirname, 'node_modules', name), path, 'junction')
  }
})
afterAll(async () => {
  consumer?.remove()
  await cluster?.stop()
})

const urlOf = ({ config }: ClusterNode): string =>
  `postgres://${config.user}:${config.password}@${config.host}:${config.port}/${config.database}`

interface Ended {
  readonly passed: boolean
  readonly output: string
}

function run(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const replicas = cluster.replicas.map(({ config }) => config)
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:VITEST|NODE_|JEST|TEST_REPORT|CI$)/.test(name),
  )
  const all = {
    ...Object.fromEntries(own),
    CONFIG: JSON.stringify({ ...cluster.primary.config, replicas }),
    DATABASE_URL: urlOf(cluster.primary),
    DATABASE_REPLICA_URLS: cluster.replicas.map(urlOf).join(' '),
    PG_SWITCHYARD_CONSISTENCY: 'eventual',
    ...env,
  }
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env: all, timeout: 90_000 }, (error, stdout, stderr) =>
      resolve({ passed: error === null, output: `${stdout}\n${stderr}` }),
    )
  })
}

/** A project of these files, beside the package. */
function project(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(consumer.folder, 'project-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

const jest = join(import.meta.dirname, 'node_modules/jest/bin/jest.js')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')

const reads = `
  await pool.query('select 1')
  await pool.ready()
  for (let i = 0; i < 10; i += 1) await pool.query('select count(*) from notes')
  const replica = pool.stats().nodes.find(({ role }) => role === 'replica')
  await pool.end()
  expect(replica?.queries).toBeGreaterThanOrEqual(10)
`
const library = (head: string): string => `
  ${head}
  test('reads on a replica', async () => {
    const pool = new Pool({ ...JSON.parse(process.env['CONFIG'] ?? ''), consistency: 'eventual' })
    ${reads}
  }, 60_000)
`
const underRegister = (head: string): string => `
  ${head}
  test('reads on a replica', async () => {
    const pool = new Pool({ connectionString: process.env['DATABASE_URL'] })
    ${reads}
  }, 60_000)
`
const unrouted = `
  const { Pool } = require('pg')
  test('is not routed', () => {
    expect(new Pool({ connectionString: process.env.DATABASE_URL }).stats).toBeUndefined()
  })
`

const PLAIN = { 'jest.config.cjs': 'module.exports = { transform: {} }' }
const BABEL = {
  'jest.config.cjs': 'module.exports = {}',
  'babel.config.cjs':
    "module.exports = { presets: [['@babel/preset-env', { targets: { node: 'current' } }], '@babel/preset-typescript'] }",
}
const TYPESCRIPT = {
  'jest.config.cjs': "module.exports = { preset: 'ts-jest' }",
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      module: 'node16',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      strict: true,
      types: ['node'],
      isolatedModules: false,
    },
  }),
}
const ESM = {
  'package.json': JSON.stringify({ type: 'module' }),
  'jest.config.mjs': "export default { transform: {}, testMatch: ['**/*.test.mjs'] }",
}
const ESM_TYPESCRIPT = {
  'package.json': JSON.stringify({ type: 'module' }),
  'jest.config.mjs':
    "export default { extensionsToTreatAsEsm: ['.ts'], transform: { '\\\\.ts$': ['ts-jest', { useESM: true }] } }",
  'tsconfig.json': TYPESCRIPT['tsconfig.json'],
}
const GLOBALS = `import { expect, test } from '@jest/globals'`

describe('Jest', () => {
  test.each<readonly [name: string, files: Readonly<Record<string, string>>]>([
    ['CommonJS', { ...PLAIN, 'a.test.js': library(`const { Pool } = require('pg-switchyard')`) }],
    ['Babel', { ...BABEL, 'a.test.js': library(`import { Pool } from 'pg-switchyard'`) }],
    ['Babel, TypeScript', { ...BABEL, 'a.test.ts': library(`import { Pool } from 'pg-switchyard'`) }],
    ['ES modules', { ...ESM, 'a.test.mjs': library(`${GLOBALS}\nimport { Pool } from 'pg-switchyard'`) }],
    [
      'ES modules, ts-jest',
      { ...ESM_TYPESCRIPT, 'a.test.ts': library(`${GLOBALS}\nimport { Pool } from 'pg-switchyard'`) },
    ],
    ['ts-jest', { ...TYPESCRIPT, 'a.test.ts': library(`${GLOBALS}\nimport { Pool } from 'pg-switchyard'`) }],
  ])('%s: the library works', { timeout: 120_000 }, async (_name, files) => {
    const flags = 'package.json' in files ? ['--experimental-vm-modules'] : []
    const { passed, output } = await run(project(files), [...flags, jest])
    expect(output).toContain('1 passed')
    expect(output).not.toMatch(/did not exit|torn down/)
    expect(passed).toBe(true)
  })

  test('ES modules: register works as one of setupFiles', { timeout: 120_000 }, async () => {
    const folder = project({
      'package.json': JSON.stringify({ type: 'module' }),
      'jest.config.mjs':
        "export default { transform: {}, testMatch: ['**/*.test.mjs'], setupFiles: ['pg-switchyard/register'] }",
      'a.test.mjs': underRegister(`${GLOBALS}\nimport { Pool } from 'pg'`),
    })
    const { passed, output } = await run(folder, ['--experimental-vm-modules', jest])
    expect(output).toContain('1 passed')
    expect(passed).toBe(true)
  })

  test('register works as one of setupFiles', { timeout: 120_000 }, async () => {
    const config = `module.exports = { transform: {}, setupFiles: ['pg-switchyard/register'] }`
    const text = underRegister(`const { Pool } = require('pg')`)
    const { passed, output } = await run(project({ 'jest.config.cjs': config, 'a.test.js': text }), [jest])
    expect(output).toContain('1 passed')
    expect(output).not.toContain('SWITCHYARD_BESIDE_JEST')
    expect(passed).toBe(true)
  })

  test.each(['--require', '--import'])(
    'register says that it has no effect by %s',
    { timeout: 120_000 },
    async (flag) => {
      const folder = project({ ...PLAIN, 'a.test.js': unrouted })
      const { passed, output } = await run(folder, [flag, 'pg-switchyard/register', jest])
      expect(output).toMatch(/SWITCHYARD_BESIDE_JEST.*setupFiles/)
      expect(passed).toBe(true)
    },
  )
})

describe('Vitest', () => {
  const config = (more = ''): string =>
    `export default { test: { globals: true, include: ['*.test.*'], ${more} } }`

  test('the library works', { timeout: 120_000 }, async () => {
    const folder = project({
      'vitest.config.mjs': config(),
      'a.test.ts': library(`import { Pool } from 'pg-switchyard'`),
    })
    const { passed, output } = await run(folder, [vitest, 'run'])
    expect(output).toContain('1 passed')
    expect(passed).toBe(true)
  })

  test.each<readonly [how: string, more: string, env: Readonly<Record<string, string>>]>([
    ['as one of setupFiles', `setupFiles: ['pg-switchyard/register']`, {}],
    ['by --import', '', { NODE_OPTIONS: '--import pg-switchyard/register' }],
    ['by --require', '', { NODE_OPTIONS: '--require pg-switchyard/register' }],
    ['by --import, in threads', `pool: 'threads'`, { NODE_OPTIONS: '--import pg-switchyard/register' }],
  ])('register works %s', { timeout: 120_000 }, async (_how, more, env) => {
    const folder = project({
      'vitest.config.mjs': config(more),
      'a.test.js': underRegister(`import { Pool } from 'pg'`),
    })
    const { passed, output } = await run(folder, [vitest, 'run'], env)
    expect(output).toContain('1 passed')
    expect(passed).toBe(true)
  })
})
