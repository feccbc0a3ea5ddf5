import { expect, test } from 'vitest'
import { findPostgres } from './find-postgres.ts'

test('a version that nobody has is not found', () => {
  expect(findPostgres(3)).toBeUndefined()
})
