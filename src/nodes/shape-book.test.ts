import { describe, expect, it } from 'vitest'
import { Shape, ShapeBook, shapeKey } from './shape-book.ts'

describe('texts that look alike', () => {
  it.each([
    ['select * from t where id = 1', 'select * from t where id = 42'],
    ["select * from t where name = 'o''hara'", "select * from t where name = ''"],
    ['select * from t where id in ($1, $2)', 'select * from t where id in ($1,$2, $3)'],
    ['select 1.5 from t', 'select 20 from t'],
    ["select 1 /* traceparent='00-ab-01' */", "select 2 /* traceparent='00-cd-00' */"],
  ])('%s and %s', (one, other) => expect(shapeKey(one)).toBe(shapeKey(other)))

  it.each([
    ['select * from t1', 'select * from t2'],
    ['select a from t where id = 1', 'select b from t where id = 1'],
    ["select 'a'", 'select "a"'],
  ])('and those that do not: %s, %s', (one, other) => expect(shapeKey(one)).not.toBe(shapeKey(other)))
})

function proven(): Shape {
  const shape = new Shape()
  for (let i = 0; i < 3; i++) shape.ranOnLease(0.2, 100)
  return shape
}

describe('a shape', () => {
  it('proves itself fast over leases', () => {
    const shape = new Shape()
    const seen = [0.2, 0.3, 0.2].map((ms) => {
      shape.ranOnLease(ms, 100)
      return shape.isFast
    })
    expect(seen).toEqual([false, false, true])
  })

  it('that sleeps never does', () => {
    const shape = new Shape()
    for (let i = 0; i < 1000; i++) shape.ranOnLease(10, 100)
    expect(shape.isFast).toBe(false)
  })

  it('that is sometimes slow does, on a busy machine', () => {
    const shape = new Shape()
    for (let i = 0; i < 10; i++) shape.ranOnLease(i % 3 === 0 ? 20 : 1, 100)
    expect(shape.isFast).toBe(true)
  })

  it('with large answers never does', () => {
    const shape = new Shape()
    for (let i = 0; i < 100; i++) shape.ranOnLease(0.2, 100_000)
    expect(shape.isFast).toBe(false)
  })

  it('that kept others waiting proves itself again, for longer each time', () => {
    const shape = proven()
    const runsNeeded = (): number => {
      shape.heldUp()
      let runs = 0
      for (; !shape.isFast; runs++) shape.ranOnLease(0.2, 100)
      return runs
    }
    expect(Array.from({ length: 8 }, runsNeeded)).toEqual([12, 48, 192, 768, 3072, 4096, 4096, 4096])
  })

  it.each<[string, (shape: Shape) => void]>([
    ['takes the server long', (shape) => shape.ranBehindAnother(2)],
    ['has large answers', (shape) => shape.answeredWith(100_000)],
  ])('leaves the lane when it is seen there that it %s', (_what, sees) => {
    const shape = proven()
    for (let i = 0; i < 20; i++) sees(shape)
    expect(shape.isFast).toBe(false)
  })

  it('stays when a run was slow for reasons of its own', () => {
    const shape = proven()
    for (let i = 0; i < 20; i++) shape.ranBehindAnother(0.05)
    shape.ranBehindAnother(500)
    expect(shape.isFast).toBe(true)
    expect(shape.costMs).toBeLessThan(1)
  })

  it('costs no more than it takes alone, there and back', () => {
    const shape = proven()
    shape.ranAlone(0.04)
    expect(shape.costMs).toBe(0.04)
    shape.ranAlone(5)
    expect(shape.costMs).toBe(0.04)
  })
})

describe('the book', () => {
  it('knows a text again, and gives it the same name wherever it is met', () => {
    const text = 'select * from t where id = $1'
    const book = new ShapeBook(5)
    expect(book.of(text)).toBe(book.of(text))
    expect(new ShapeBook(5).of(text).name).toBe(book.of(text).name)
    expect(book.of(`${text} `).name).not.toBe(book.of(text).name)
    expect(book.of(text).name).toMatch(/^switchyard_[0-9a-f]{24}$/)
  })

  it('texts that differ in their literals share a shape; of many, none is prepared', () => {
    const book = new ShapeBook(5)
    const records = Array.from({ length: 40 }, (_unused, i) => book.of(`select ${i}`))
    expect(new Set(records.map(({ shape }) => shape)).size).toBe(1)
    expect(records.filter(({ plan }) => plan !== undefined)).toHaveLength(16)
  })

  it('gives a shape without noting the text: a plan may look at texts that are never sent', () => {
    const book = new ShapeBook(0)
    for (let id = 0; id < 40; id++) expect(book.shapeOf(`select ${id} from t`)).toBeUndefined()
    const { plan, shape } = book.of('select 40 from t')
    expect(plan).toBeDefined()
    expect(book.shapeOf('select 40 from t')).toBe(shape)
    for (let id = 0; id < 40; id++) expect(book.shapeOf(`select ${id} from t`)).toBe(shape)
    expect(shape.variants).toBe(1)
  })

  it('prepares nothing when it is not to', () => {
    expect(new ShapeBook(Infinity).of('select 1').plan).toBeUndefined()
  })

  it('is bounded', () => {
    const book = new ShapeBook(5)
    const first = book.of('select a')
    for (let i = 0; i < 5000; i++) book.of(`select a${i} from t`)
    expect(book.of('select a')).not.toBe(first)
  })
})
