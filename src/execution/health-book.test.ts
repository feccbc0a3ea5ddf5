import { beforeEach, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { HealthBook } from './health-book.ts'

let platform: FakePlatform
let ejected: string[]
let book: HealthBook

beforeEach(() => {
  platform = new FakePlatform()
  ejected = []
  book = new HealthBook(platform, { ejected: (node, forMs) => void ejected.push(`${node} for ${forMs}`) })
})

const admission = (id = 'a'): string => book.admission(id, platform.now())

/** So many reads, one after the other. */
function reads(count: number, answered: boolean, id = 'a'): void {
  for (let i = 0; i < count; i++) {
    book.started(id)
    book.ended(id, answered)
  }
}

it('a node of which nothing is known is admitted', () => {
  expect(admission()).toBe('admitted')
})

it('five failures in a row eject a node, and no other; told once', () => {
  reads(4, false)
  reads(1, true)
  reads(4, false)
  expect(admission()).toBe('admitted')
  reads(3, false)
  expect(admission()).toBe('ejected')
  expect(admission('b')).toBe('admitted')
  expect(ejected).toEqual(['a for 1000'])
})

it('an ejection is spread by chance', () => {
  platform.scriptRandom(0, 0, 0, 0, 0.5)
  reads(5, false)
  expect(ejected).toEqual(['a for 900'])
})

it('a returning node gets one read at first, then two at once', async () => {
  reads(5, false)
  await platform.advance(1000)
  expect(admission()).toBe('admitted')
  book.started('a')
  expect(admission()).toBe('recovering')
  book.ended('a', true)
  book.started('a')
  expect(admission()).toBe('admitted')
  book.started('a')
  expect(admission()).toBe('recovering')
})

it('a node that fails again is out for longer, and that is reported, too', async () => {
  reads(5, false)
  await platform.advance(1000)
  reads(1, false)
  expect(ejected).toEqual(['a for 1000', 'a for 2000'])
})

it('a node that was down gets one read at first', () => {
  book.returned('a')
  book.started('a')
  expect(admission()).toBe('recovering')
  book.ended('a', true)
  expect(admission()).toBe('admitted')
  expect(ejected).toEqual([])
})

it('reads from before its return count as long as they are in flight', () => {
  book.started('a')
  book.returned('a')
  expect(admission()).toBe('recovering')
  book.ended('a', false)
  expect(ejected).toEqual(['a for 1000'])
})

it('a forgotten node starts over', () => {
  reads(5, false)
  book.retain(new Set())
  expect(admission()).toBe('admitted')
})

it('a read that ends after its node was forgotten says nothing of a node of that name', () => {
  book.started('a')
  book.started('a')
  book.retain(new Set())
  book.ended('a', false)
  expect(admission()).toBe('admitted')
  book.returned('a')
  book.ended('a', true)
  expect(admission()).toBe('admitted')
  book.started('a')
  expect(admission()).toBe('recovering')
})
