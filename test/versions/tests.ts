/** The tests of the library that run on every version: what a standby refuses, and why. */
const ON_ALL = ['test/failover/standby-errors.test.ts']

/** Those that need the catalog, which is loaded from PostgreSQL 14 on. */
const WITH_CATALOG = [
  'test/versions/promises.test.ts',
  'test/catalog/verdicts.test.ts',
  'test/catalog/system-objects.test.ts',
  'test/proofs/corpus.test.ts',
]

/** Returns the tests that run on an older version of PostgreSQL, by their paths. */
export function testsFor(version: number): string[] {
  return [...ON_ALL, ...(version < 14 ? ['test/versions/without-catalog.test.ts'] : WITH_CATALOG)]
}
