import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { findPrograms } from '../../src/test-cluster/embedded/programs.ts'
import { OLDER_VERSIONS, programsOf } from './programs.ts'
import { testsFor } from './tests.ts'

// The tests of `testsFor` run in a Vitest project of each version, which is missing where its programs are.

describe.each(OLDER_VERSIONS)('PostgreSQL %i', (version) => {
  const binDir = programsOf(version)
  const reason = binDir === undefined ? ' (skipped: there are no programs for this platform)' : ''

  test.skipIf(binDir === undefined)(`has tests that run on it${reason}`, async () => {
    // As a test cluster finds them, which also links the libraries of the package.
    expect(await findPrograms(binDir, tmpdir(), undefined)).toMatchObject({ version })
    expect(testsFor(version).length).toBeGreaterThan(1)
  })
})
