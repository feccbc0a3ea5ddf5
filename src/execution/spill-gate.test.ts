import { AsyncLocalStorage } from 'node:async_hooks'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { SpillGate } from './spill-gate.ts'

let platform: FakePlatform
let log: string[]

beforeEach(() => {
  platform = new FakePlatform()
  log = []
})

const gateOf = (places: number, waitMs: number): SpillGate => new SpillGate({ platform, places, waitMs })
const enter = (gate: SpillGate, name: string): void =>
  gate.enter((isIn) => void log.push(`${name} ${isIn ? 'in' : 'out'}`))

describe('a gate', () => {
  it('lets in as many as it has places, at once', () => {
    const gate = gateOf(2, 100)
    for (const name of ['a', 'b', 'c']) enter(gate, name)
    expect(log).toEqual(['a in', 'b in'])
  })

  it('lets who waits in when a place is free, in the order of coming', () => {
    const gate = gateOf(1, 100)
    for (const name of ['a', 'b', 'c']) enter(gate, name)
    gate.leave()
    expect(log).toEqual(['a in', 'b in'])
    gate.leave()
    expect(log).toEqual(['a in', 'b in', 'c in'])
    expect([platform.pendingTimers, platform.heldOpen]).toEqual([0, 0])
  })

  it('no read waits for longer than that, nor gets a place after', async () => {
    const gate = gateOf(1, 100)
    for (const name of ['a', 'b']) enter(gate, name)
    expect(platform.heldOpen).toBe(1)
    await platform.advance(99)
    enter(gate, 'c')
    await platform.advance(1)
    expect(log).toEqual(['a in', 'b out'])
    gate.leave()
    expect(log).toEqual(['a in', 'b out', 'c in'])
    expect([platform.pendingTimers, platform.heldOpen]).toEqual([0, 0])
  })

  it('calls back in the async context of the caller, not of the one who leaves', () => {
    const storage = new AsyncLocalStorage<string>()
    const gate = gateOf(1, 100)
    enter(gate, 'a')
    storage.run('queued', () => gate.enter(() => void log.push(`${storage.getStore()} is in`)))
    storage.run('hopeful', () => gate.whenRoom(() => void log.push(`${storage.getStore()} is told`)))
    for (const name of ['one', 'another']) storage.run(name, () => gate.leave())
    expect(log).toEqual(['a in', 'queued is in', 'hopeful is told'])
  })

  it('tells a hopeful read of room that no queued read takes, once', () => {
    const gate = gateOf(1, 100)
    for (const name of ['a', 'b']) enter(gate, name)
    const hope = (name: string): (() => void) =>
      gate.whenRoom(() => void log.push(`${name} ${gate.tryEnter() ? 'in' : 'out'}`))
    const [giveUp] = ['c', 'd', 'e'].map(hope)
    gate.leave()
    expect(log).toEqual(['a in', 'b in'])
    giveUp?.()
    gate.leave()
    expect(log).toEqual(['a in', 'b in', 'd in'])
    gate.leave()
    gate.leave()
    expect(log).toEqual(['a in', 'b in', 'd in', 'e in'])
  })

  it('tells all hopeful reads while none takes the room, and those that hope again later', () => {
    const gate = gateOf(1, 100)
    enter(gate, 'a')
    for (const name of ['b', 'c']) {
      const told = (): void => {
        log.push(name)
        gate.whenRoom(told)
      }
      gate.whenRoom(told)
    }
    gate.leave()
    expect(log).toEqual(['a in', 'b', 'c'])
  })

  it('without waiting, says no at once', () => {
    const gate = gateOf(1, 0)
    for (const name of ['a', 'b']) enter(gate, name)
    expect(log).toEqual(['a in', 'b out'])
    expect([platform.pendingTimers, platform.heldOpen]).toEqual([0, 0])
  })

  it('a place that was left is free again', () => {
    const gate = gateOf(1, 0)
    enter(gate, 'a')
    gate.leave()
    enter(gate, 'b')
    expect(log).toEqual(['a in', 'b in'])
  })

  it('a read that comes while places are passed on does not overtake', () => {
    const gate = gateOf(1, 100)
    enter(gate, 'a')
    gate.enter(() => {
      log.push('b in')
      gate.leave()
      enter(gate, 'late')
    })
    enter(gate, 'c')
    gate.leave()
    expect(log).toEqual(['a in', 'b in', 'c in'])
    gate.leave()
    expect(log.at(-1)).toBe('late in')
  })

  it('many who wait and leave at once come one after the other', () => {
    const gate = gateOf(1, 100)
    enter(gate, 'first')
    let count = 0
    for (let i = 0; i < 50_000; i++) {
      gate.enter(() => {
        count += 1
        gate.leave()
      })
    }
    gate.leave()
    expect(count).toBe(50_000)
    expect(platform.pendingTimers).toBe(0)
  })
})

describe('beside lanes', () => {
  it.each<[string, { places: number; lanes: number; inside: number }, boolean, boolean]>([
    ['one slot is always there', { places: 5, lanes: 9, inside: 0 }, true, false],
    ['a lane counts as a connection', { places: 5, lanes: 2, inside: 2 }, true, true],
    ['no more than the share', { places: 5, lanes: 2, inside: 3 }, false, false],
    ['slots alone may take all of it', { places: 5, lanes: 0, inside: 4 }, true, true],
    ['lanes leave one place', { places: 3, lanes: 2, inside: 0 }, true, false],
    ['with two places there is one lane', { places: 2, lanes: 0, inside: 0 }, true, true],
    ['and one slot', { places: 2, lanes: 1, inside: 1 }, false, false],
    ['with one place there is no lane', { places: 1, lanes: 0, inside: 0 }, true, false],
    ['with none there is nothing', { places: 0, lanes: 0, inside: 0 }, false, false],
  ])('%s', (_name, { inside, lanes, places }, hasSlot, opensLanes) => {
    let count = 0
    const gate = new SpillGate({ platform, places, waitMs: 0, lanes: () => count })
    for (let i = 0; i < inside; i++) gate.tryEnter()
    count = lanes
    expect([gate.opensLanes, gate.tryEnter(), gate.sharesLanes]).toEqual([opensLanes, hasSlot, places > 1])
  })

  it('opens none while reads wait for a slot, which come first', () => {
    let count = 2
    const gate = new SpillGate({ platform, places: 4, waitMs: 100, lanes: () => count })
    for (const name of ['a', 'b', 'c']) enter(gate, name)
    count = 1
    expect([log, gate.opensLanes, gate.tryEnter()]).toEqual([['a in', 'b in'], false, false])
    gate.leave()
    expect(log).toEqual(['a in', 'b in', 'c in'])
  })
})

it('never lets in more than it has places, and loses none', async () => {
  const step = fc.oneof(
    fc.constant('enter' as const),
    fc.constant('leave' as const),
    fc.constant('wait' as const),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { maxLength: 50 }),
      async (places, steps) => {
        const gate = gateOf(places, 100)
        let [inside, entered, answered] = [0, 0, 0]
        for (const what of steps) {
          if (what === 'wait') await platform.advance(60)
          if (what === 'leave' && inside > 0) {
            inside -= 1
            gate.leave()
          }
          if (what === 'enter') {
            entered += 1
            gate.enter((isIn) => {
              answered += 1
              if (isIn) inside += 1
            })
          }
          expect(inside).toBeLessThanOrEqual(places)
          if (answered < entered) expect(inside).toBe(places)
        }
        await platform.advance(100)
        expect(answered).toBe(entered)
        expect([platform.pendingTimers, platform.heldOpen]).toEqual([0, 0])
      },
    ),
    { numRuns: 50 },
  )
})
