import { expect, test } from 'vitest'
import { findPostgres } from './find-postgres.ts'

test('a version that does not exist is not found', () => {
  expect(findPostgres(3)).toBeUndefined()
})
