import { expect, test } from 'vitest'
import { classify } from '../../src/statement/classify.ts'
import { misroutings } from '../cases/misroutings.ts'

test.each(misroutings)('$name: a $kind', async ({ sql, kind }) => {
  expect((await classify(sql)).kind).toBe(kind)
})
