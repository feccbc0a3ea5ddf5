import { describe, expect, test } from 'vitest'
import { LearnedShapes } from './learned-shapes.ts'

/** Texts of one first word have one shape; those that begin with `?` have none. */
const parser = {
  fingerprint: (sql: string): string | undefined => (sql.startsWith('?') ? undefined : sql.split(' ')[0]),
}

describe('learned shapes', () => {
  test('know what has the shape of what they learned, and nothing else', () => {
    const shapes = new LearnedShapes(parser)
    expect(shapes.has('a 1')).toBe(false)
    expect(shapes.learn('a 1')).toEqual({ fingerprint: 'a' })
    expect(['a 1', 'a 2', 'b 1'].map((sql) => shapes.has(sql))).toEqual([true, true, false])
    expect(shapes.learn('a 3')).toBeUndefined()
  })

  test('take a text without a shape to the letter', () => {
    const shapes = new LearnedShapes(parser)
    expect(shapes.learn('? 1')).toEqual({})
    expect(['? 1', '? 2'].map((sql) => shapes.has(sql))).toEqual([true, false])
    expect(shapes.learn('? 1')).toBeUndefined()
  })

  test('forget', () => {
    const shapes = new LearnedShapes(parser)
    shapes.learn('a 1')
    shapes.clear()
    expect([shapes.size, shapes.has('a 1')]).toEqual([0, false])
  })

  test('keep so many, and of those the ones that were met last', () => {
    const shapes = new LearnedShapes(parser, { maxShapes: 3 })
    for (const sql of ['a 1', 'b 1', 'c 1']) shapes.learn(sql)
    shapes.has('a 2')
    shapes.learn('d 1')
    expect(['a 3', 'b 3', 'c 3', 'd 3'].map((sql) => shapes.has(sql))).toEqual([true, false, true, true])
  })

  test('keep a thousand unless told otherwise', () => {
    const shapes = new LearnedShapes(parser)
    for (let i = 0; i < 1_500; i++) shapes.learn(`shape${i} 1`)
    expect(shapes.size).toBe(1_000)
  })

  test('keep no more bytes of texts than they are given, and nothing of one that is larger', () => {
    const shapes = new LearnedShapes({}, { maxTextBytes: 1_000 })
    for (let i = 0; i < 20; i++) shapes.learn(`${i}`.padEnd(100))
    expect(shapes.size).toBe(5)
    shapes.learn('x'.repeat(501))
    expect([shapes.size, shapes.has('x'.repeat(501))]).toEqual([5, false])
  })

  test('ask for no shape while they know none', () => {
    let asked = 0
    const shapes = new LearnedShapes({ fingerprint: () => void asked++ })
    shapes.has('a 1')
    expect(asked).toBe(0)
  })
})
