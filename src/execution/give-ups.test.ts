import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GiveUps, harmless, type Harmless } from './give-ups.ts'

const nothing = (): void => {}

describe('GiveUps', () => {
  it('gives what is at a node, in the order of coming', () => {
    const list = new GiveUps()
    const [a, b, c] = [harmless('n', nothing), harmless('m', nothing), harmless('n', nothing)]
    for (const entry of [a, b, c]) list.add(entry)
    expect(list.at('n')).toEqual([a, c])
    expect(list.at('m')).toEqual([b])
    expect(list.at('o')).toEqual([])
  })

  it('forgets what is removed, once and again, and holds on to nothing of it', () => {
    const list = new GiveUps()
    const [a, b] = [harmless('n', nothing), harmless('n', nothing)]
    for (const entry of [a, b]) list.add(entry)
    list.remove(a)
    list.remove(a)
    expect(list.at('n')).toEqual([b])
    expect([a.before, a.after, b.before]).toEqual([undefined, undefined, undefined])
  })

  it('is as an array would be', () => {
    const step = fc.record({ adds: fc.boolean(), which: fc.nat(7), node: fc.constantFrom('n', 'm') })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const list = new GiveUps()
        const expected: Harmless[] = []
        const gone: Harmless[] = []
        for (const { adds, which, node } of steps) {
          if (adds) {
            const entry = harmless(node, nothing)
            list.add(entry)
            expected.push(entry)
            continue
          }
          const [entry] =
            which === 7 ? gone.slice(-1) : expected.splice(which % Math.max(1, expected.length), 1)
          if (entry === undefined) continue
          list.remove(entry)
          gone.push(entry)
        }
        for (const node of ['n', 'm']) {
          expect(list.at(node)).toEqual(expected.filter(({ nodeId }) => nodeId === node))
        }
      }),
    )
  })
})
