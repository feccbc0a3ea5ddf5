import { describe, expect, it } from 'vitest'
import { CausalityBench, at, replica } from '../../test/support/causality-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import type { MutableSession } from './session.ts'

describe('sessions within each other, without end', () => {
  const chain = (bench: CausalityBench, length: number): readonly MutableSession[] => {
    const sessions = [bench.session()]
    for (let i = 1; i < length; i++) {
      const consistency = i % 2 === 0 ? 'strong' : 'eventual'
      sessions.push(bench.causality.beginWithin(sessions.at(-1) ?? bench.session(), { consistency }))
    }
    return sessions
  }

  it('keep no more than a few around them', () => {
    const session = chain(new CausalityBench(), 1000).at(-1)
    let around = 0
    for (let each = session?.parent; each !== undefined; each = each.parent) around += 1
    expect(around).toBeLessThan(20)
  })

  it('ask for what each of them asks for', () => {
    const sessions = chain(new CausalityBench(), 40)
    expect(sessions.slice(-2).map(({ consistency }) => consistency)).toEqual(['strong', 'eventual'])
  })

  it.each([0, 5, 20, 39])('are all told what is written in the %ith or within', async (index) => {
    const bench = new CausalityBench()
    bench.position = at(9n)
    const sessions = chain(bench, 40)
    const writing = sessions[index]
    if (writing === undefined) throw new Error('There are fewer')
    bench.wrote(writing)
    await settle()
    for (const each of sessions.slice(0, index + 1)) {
      expect(each.hasWritten).toBe(true)
      void bench.causality.prepare(each)
      expect(each.position).toEqual(at(9n))
    }
    expect(bench.implicit.hasWritten).toBe(true)
  })

  it('begin with what those around them know, and keep what they see', async () => {
    const bench = new CausalityBench()
    const sessions = chain(bench, 40)
    const [deep, deeper] = sessions.slice(-2)
    if (deep === undefined || deeper === undefined) throw new Error('There are fewer')
    bench.causality.answered(deep, replica('a'), [])
    bench.causality.claim(deep, at(5n), undefined)
    expect(deeper.lastReads).toMatchObject([{ serverIdentity: 'a' }])
    const lastReads = [{ serverIdentity: undefined, atMs: 7 }]
    const next = bench.causality.beginWithin(deeper, { lastReads, primaryUntilMs: 77 })
    expect(next.primaryUntilMs).toBe(77)
    expect(next.lastReads).toHaveLength(2)
    await bench.tells(at(9n))
    expect([deep, next].map(({ position }) => position)).toEqual([at(5n), at(5n)])
  })
})
