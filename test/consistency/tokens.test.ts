import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
let directory = ''

// Processes of their own cannot load TypeScript.
beforeAll(async () => {
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  directory = await mkdtemp(join(cache, 'pg-switchyard-'))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const options = ['-p', 'tsconfig.tools.json', '--outDir', directory, '--noCheck']
  await run(process.execPath, [compiler, ...options], { cwd: root })
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
})

afterAll(() => rm(directory, { recursive: true, force: true }))

test('one process reads the writes of another, with the token that it got by HTTP', async ({ annotate }) => {
  const program = join(directory, 'test/proofs/tokens.js')
  const { stdout } = await run(process.execPath, [program, '--round-trips', '600'])
  await annotate(stdout)
  const { passed, dropped } = JSON.parse(stdout)
  expect(passed).toMatchObject({ roundTrips: 600, staleReads: 0, writesWithoutToken: 0 })
  expect(passed.offThePrimary).toBeGreaterThan(0.3)
  expect(dropped.staleReads).toBeGreaterThan(0)
}, 120_000)
