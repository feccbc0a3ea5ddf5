import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { OLDER_VERSIONS, programsOf } from './programs.ts'
import { testsFor } from './tests.ts'

// The tests of `testsFor` run in a Vitest project of each version, which is missing where its programs are.

describe.each(OLDER_VERSIONS)('PostgreSQL %i', (version) => {
  const binDir = programsOf(version)
  const reason = binDir === undefined ? ' (skipped: there are no programs for this platform)' : ''

  test.skipIf(binDir === undefined)(`has tests that run on it${reason}`, async () => {
    const { stdout } = await promisify(execFile)(join(binDir ?? '', 'postgres'), ['--version'], { cwd: '/' })
    expect(stdout).toMatch(new RegExp(`^postgres \\(PostgreSQL\\) ${version}\\.`))
    expect(testsFor(version).length).toBeGreaterThan(1)
  })
})
