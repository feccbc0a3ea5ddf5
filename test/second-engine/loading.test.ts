import { expect, test } from 'vitest'
import { createNodeSqlParser } from '../../src/statement/node-sql-parser-parser.ts'

test('it is loaded at once where modules must not be loaded later', () => {
  const parser = createNodeSqlParser()
  expect(parser.isLoaded).toBe(false)
  parser.warm?.()
  expect(parser.isLoaded).toBe(true)
})
