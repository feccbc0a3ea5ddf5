/** Tests of every version: how a standby refuses statements. */
const ON_ALL = ['test/failover/standby-errors.test.ts']

/** Tests that need the catalog, which is loaded from PostgreSQL 14 on. */
const WITH_CATALOG = [
  'test/versions/promises.test.ts',
  'test/catalog/verdicts.test.ts',
  'test/catalog/system-objects.test.ts',
  'test/proofs/differential.test.ts',
]

/** Tests that take long, of the oldest version with a catalog: it differs most from the others. */
const ON_OLDEST = ['test/proofs/corpus.test.ts', 'test/catalog/footprints.test.ts']

/** Returns the tests that run on an older version of PostgreSQL, by their paths. */
export function testsFor(version: number): string[] {
  if (version < 14) return [...ON_ALL, 'test/versions/without-catalog.test.ts']
  return [...ON_ALL, ...WITH_CATALOG, ...(version === 14 ? ON_OLDEST : [])]
}
