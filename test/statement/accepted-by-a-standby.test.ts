import { describe, expect, test } from 'vitest'
import { classify } from '../../src/statement/classify.ts'
import { acceptedByAStandby } from '../cases/accepted-by-a-standby.ts'

describe.each(Object.entries(acceptedByAStandby))('%s', (_, texts) => {
  test.each(texts)('%s is no read', async (sql) => {
    expect((await classify(sql)).kind).not.toBe('read')
  })
})
