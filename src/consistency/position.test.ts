import { describe, expect, it, test } from 'vitest'
import { later, reaches, type Position } from './position.ts'

function at(timeline: number, lsn: bigint, systemIdentifier = '7431'): Position {
  return { systemIdentifier, timeline, lsn }
}

describe('reaches', () => {
  test.each<readonly [what: string, seen: Position, wanted: Position, expected: boolean]>([
    ['the very position', at(1, 100n), at(1, 100n), true],
    ['a position behind it', at(1, 101n), at(1, 100n), true],
    ['a position before it', at(1, 99n), at(1, 100n), false],
    ['an old timeline, however far it came', at(1, 900n), at(2, 100n), false],
    ['a newer timeline that is as far', at(2, 100n), at(1, 100n), true],
    ['a newer timeline that is not as far', at(2, 99n), at(1, 100n), false],
    ['positions beyond what a double can tell apart', at(1, 2n ** 60n), at(1, 2n ** 60n + 1n), false],
  ])('%s', (_, seen, wanted, expected) => {
    expect(reaches(seen, wanted)).toBe(expected)
  })
})

describe('later', () => {
  const lost = at(1, 150n)
  const survived = at(1, 110n)
  const switched = at(2, 130n)

  test.each<readonly [what: string, known: Position, heard: Position, expected: Position]>([
    ['the farther one of a timeline', at(1, 100n), survived, survived],
    ['and in the other order', survived, at(1, 100n), survived],
    ['the newer timeline when it is farther', survived, switched, switched],
    ['and in the other order', switched, survived, switched],
    ['the newer timeline when the older position is higher: that one is lost', lost, switched, switched],
    ['and in the other order', switched, lost, switched],
    ['of two clusters the one heard of later', at(3, 900n, '1'), at(1, 1n, '2'), at(1, 1n, '2')],
  ])('%s', (_, known, heard, expected) => {
    expect(later(known, heard)).toEqual(expected)
  })

  it('after a promotion no read waits for lost commits', () => {
    const replicaOfTheNewPrimary = at(2, 130n)
    expect(reaches(replicaOfTheNewPrimary, later(lost, switched))).toBe(true)
    expect(reaches(replicaOfTheNewPrimary, lost)).toBe(false)
  })
})
