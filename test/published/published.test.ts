import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../package/install.ts'

// The tools that package authors are judged by, on what npm would publish. Each ends with an error when it finds a fault.

const programs = join(import.meta.dirname, 'node_modules/.bin')

test.each<readonly [name: string, args: readonly string[], says: string]>([
  ['publint', ['--strict'], 'All good!'],
  ['attw', ['--pack', '.'], 'No problems found'],
])('%s finds no fault', { timeout: 120_000 }, async (name, args, says) => {
  const { stdout } = await promisify(execFile)(join(programs, name), args, {
    cwd: root,
    // Packing would build anew, under other tests that use the build.
    env: { ...process.env, NO_COLOR: '1', npm_config_ignore_scripts: 'true' },
  })
  expect(stdout).toContain(says)
})
