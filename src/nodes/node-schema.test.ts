import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { NodeSchema } from './node-schema.ts'

let platform: FakePlatform
let known: string | undefined
/** Schema of the node; `undefined` when it does not answer. */
let has: string | undefined
let answerMs: number
let asked: number
let differed: number
let schema: NodeSchema

beforeEach(() => {
  platform = new FakePlatform()
  known = has = 'a'
  answerMs = asked = differed = 0
  schema = new NodeSchema({
    platform,
    ask: async () => {
      asked += 1
      const answer = has
      if (answerMs > 0) await new Promise<void>((resolve) => platform.schedule(answerMs, resolve))
      if (answer === undefined) throw new Error('no answer')
      return answer
    },
    known: () => known,
    differs: () => (differed += 1),
    close: () => {},
  })
})

/** Returns the schema before and after the pending query. */
async function seen(): Promise<(string | undefined)[]> {
  const before = schema.current()
  await settle()
  return [before, schema.current()]
}

describe('the schema of a node', () => {
  it('is known once the node was queried, and is queried again after a second', async () => {
    expect(await seen()).toEqual([undefined, 'a'])
    await platform.advance(999)
    expect(await seen()).toEqual(['a', 'a'])
    expect(asked).toBe(1)
    await platform.advance(1)
    expect(await seen()).toEqual(['a', 'a'])
    expect(asked).toBe(2)
  })

  it('is unknown once another server may be there, whatever was asked before', async () => {
    await seen()
    answerMs = 10
    await platform.advance(1000)
    schema.current()
    await platform.advance(1)
    schema.renew()
    expect(schema.current()).toBeUndefined()
    await platform.advance(10)
    expect(schema.current()).toBeUndefined()
    await platform.advance(1000)
    schema.current()
    await platform.advance(10)
    expect(schema.current()).toBe('a')
  })

  it('is not asked for while nothing needs it', async () => {
    await seen()
    await platform.advance(60_000)
    expect(asked).toBe(1)
  })

  it('is unknown two seconds after the last question that was answered', async () => {
    await seen()
    has = undefined
    await platform.advance(1999)
    expect(await seen()).toEqual(['a', undefined])
    await platform.advance(1)
    expect(await seen()).toEqual([undefined, undefined])
  })

  it('counts from the question on: a change may come right behind it', async () => {
    answerMs = 1500
    schema.current()
    await platform.advance(1500)
    await settle()
    expect(schema.current()).toBe('a')
    await platform.advance(500)
    expect(schema.current()).toBeUndefined()
  })

  it('other than the catalog: nothing has a name until one has caught up', async () => {
    await seen()
    has = 'b'
    await platform.advance(1000)
    expect(await seen()).toEqual(['a', undefined])
    expect(differed).toBe(1)
    known = 'b'
    expect(schema.current()).toBe('b')
  })

  it('of a replica that is behind is queried four times a second', async () => {
    known = 'b'
    expect(await seen()).toEqual([undefined, undefined])
    has = 'b'
    await platform.advance(250)
    expect(await seen()).toEqual([undefined, 'b'])
  })

  it('is not asked for while the catalog is not known', async () => {
    known = undefined
    expect(await seen()).toEqual([undefined, undefined])
    expect(asked).toBe(0)
  })

  /** Asks once more after this time, and waits for the answer. Returns whether it was asked. */
  async function asksAfter(ms: number, tookMs: number): Promise<boolean> {
    const before = asked
    answerMs = tookMs
    await platform.advance(ms)
    schema.current()
    if (asked === before) return false
    await platform.advance(tookMs)
    await settle()
    return true
  }

  it('that takes long is queried seldom: names are used for a part of the time', async () => {
    expect(await asksAfter(0, 200)).toBe(true)
    expect(await asksAfter(800, 200)).toBe(true)
    expect(schema.current()).toBe('a')
    expect(await asksAfter(3799, 200)).toBe(false)
    expect(schema.current()).toBeUndefined()
    expect(await asksAfter(1, 200)).toBe(true)
  })

  it('is queried every second if that is quick: a first answer, or a late one, does not tell the cost', async () => {
    expect(await asksAfter(0, 500)).toBe(true)
    expect(await asksAfter(500, 10)).toBe(true)
    expect(await asksAfter(990, 500)).toBe(true)
    expect(await asksAfter(500, 10)).toBe(true)
    // Eight answers later the quick ones are forgotten.
    for (let i = 0; i < 8; i++) expect(await asksAfter(i === 0 ? 990 : 500, 500)).toBe(true)
    expect(await asksAfter(500, 500)).toBe(false)
  })

  it('that is not answered for long is queried seldom', async () => {
    await seen()
    has = undefined
    expect(await asksAfter(1000, 1000)).toBe(true)
    expect(await asksAfter(18_999, 0)).toBe(false)
    expect(await asksAfter(1, 0)).toBe(true)
  })
})
