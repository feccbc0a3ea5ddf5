import { beforeEach, describe, expect, it } from 'vitest'
import { LaneQueue } from './lane-queue.ts'
import { Passenger } from './passenger.ts'
import { ShapeBook } from './shape-book.ts'

let log: string[]
let queue: LaneQueue
let book: ShapeBook

beforeEach(() => {
  log = []
  book = new ShapeBook(Infinity)
  queue = new LaneQueue({
    waits: (nowMs) => void log.push(`waits ${nowMs}`),
    rests: (nowMs) => void log.push(`rests ${nowMs}`),
  })
})

function passenger(text: string): Passenger {
  const carrier = { answered: () => {}, left: () => void log.push(`${text} left`) }
  const rider = {
    answered: (error: unknown, result: unknown) => void log.push(`${text}: ${String(error ?? result)}`),
    moved: () => void log.push(`${text} moved`),
  }
  const common = { values: undefined, rowMode: undefined, types: undefined, binary: undefined }
  const read = { ...common, text, schema: undefined, timeoutMs: undefined }
  return new Passenger(carrier, read, book.of(text), rider)
}

describe('the queue of a lane', () => {
  it('tells since when the first has been waited for', () => {
    const [a, b] = [passenger('a'), passenger('b')]
    queue.add(a, 1)
    queue.add(b, 2)
    queue.remove(a, 5)
    queue.remove(b, 7)
    expect(log).toEqual(['waits 1', 'waits 5', 'rests 7'])
  })

  it('gives the time after the answer before it', () => {
    const [a, b, c] = [passenger('a'), passenger('b'), passenger('c')]
    queue.add(a, 0)
    queue.add(b, 1)
    expect([queue.remove(a, 4), queue.remove(b, 6)]).toEqual([4, 2])
    queue.add(c, 10)
    expect(queue.remove(c, 13)).toBe(3)
  })

  it('knows its reads in flight, and costs nothing when it is empty', () => {
    const [a, b] = [passenger('a'), passenger('b')]
    queue.add(a, 0)
    queue.add(b, 0)
    expect([queue.length, queue.first, queue.workMs]).toEqual([2, a, a.costMs + b.costMs])
    queue.remove(b, 1)
    expect([queue.length, queue.first, queue.workMs]).toEqual([1, a, a.costMs])
    queue.remove(a, 2)
    expect([queue.length, queue.first, queue.workMs]).toEqual([0, undefined, 0])
  })

  it('moves all but the first, and each once', () => {
    const all = ['a', 'b', 'c'].map(passenger)
    for (const each of all) queue.add(each, 0)
    queue.moveOthers()
    queue.moveOthers()
    expect(log).toEqual(['waits 0', 'b moved', 'c moved'])
    expect(queue.isForNobody).toBe(false)
    all[0]?.answer(null, 1)
    expect(queue.isForNobody).toBe(true)
  })
})

describe('a passenger', () => {
  it('ends once: with an answer, over a lease, or left', () => {
    for (const [text, end] of [
      ['a', (p: Passenger) => p.answer(null, 1)],
      ['b', (p: Passenger) => p.move()],
      ['c', (p: Passenger) => p.leave()],
    ] as const) {
      const ends = passenger(text)
      end(ends)
      ends.answer(null, 2)
      ends.move()
      ends.leave()
      expect(ends.isOver).toBe(true)
    }
    expect(log).toEqual(['a: 1', 'b moved', 'c left'])
  })
})
