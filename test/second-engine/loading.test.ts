import { expect, test } from 'vitest'
import { createNodeSqlParser } from '../../src/statement/node-sql-parser-parser.ts'

test('it begins to load when it is warmed, and loads once', async () => {
  const parser = createNodeSqlParser()
  expect(parser.isLoaded).toBe(false)
  parser.warm?.()
  await expect.poll(() => parser.isLoaded).toBe(true)
  expect(parser.load()).toBe(parser.load())
})
