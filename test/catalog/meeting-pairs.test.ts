import { describe, expect, test } from 'vitest'
import { meets } from '../../src/catalog/footprint.ts'
import { groundForTests } from '../support/footprint-ground.ts'
import { footprintSchema } from './footprint-schema.ts'
import { meetings } from './meeting-pairs.ts'
import { showingWrites } from './showing-writes.ts'

const ground = groundForTests(footprintSchema)

const isMet = (write: string, other: string): boolean =>
  meets(ground().footprint(write).changes, ground().footprint(other).shows)

describe('a read that shows a write in a roundabout way meets it, and another does not', () => {
  test.each(meetings)('%s', async (write, shownBy, apart) => {
    const { differing, outcome } = await ground().differing(write, [...shownBy, apart])
    expect(outcome).toBe('ok')
    expect(differing).toEqual(shownBy)
    expect(shownBy.filter((read) => !isMet(write, read))).toEqual([])
    expect(isMet(write, apart)).toBe(false)
  })

  test('there are at least 150 such pairs', () => {
    expect(meetings.flatMap(([, shownBy]) => shownBy).length).toBeGreaterThanOrEqual(150)
  })
})

describe('a write that shows another one meets it', () => {
  const undone = (sql: string): string => `${sql}; ROLLBACK TO read`

  test.each(showingWrites)('%s is shown by %s, and not by %s', async (write, shownBy, apart) => {
    const { differing, outcome } = await ground().differing(write, [undone(shownBy), undone(apart)])
    expect(outcome).toBe('ok')
    expect(differing).toEqual([undone(shownBy)])
    expect(isMet(write, shownBy.split('; ')[0] ?? '')).toBe(true)
    expect(isMet(write, apart)).toBe(false)
  })
})
