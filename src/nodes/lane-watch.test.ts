import { beforeEach, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { LaneWatch } from './lane-watch.ts'

let platform: FakePlatform
let log: string[]
let watch: LaneWatch

beforeEach(() => {
  platform = new FakePlatform()
  log = []
  watch = new LaneWatch(platform, {
    looked: () => {},
    stalled: () => void log.push('stalled'),
    rested: (idleMs) => {
      if (idleMs >= 1000) log.push('rested')
    },
  })
})

it('tells of a first read without an answer after 50 ms, and 5 more', async () => {
  watch.waits(platform.now())
  await platform.advance(54)
  expect(log).toEqual([])
  await platform.advance(2)
  expect(log).toEqual(['stalled'])
})

it('tells of it again as long as that is so', async () => {
  watch.waits(platform.now())
  await platform.advance(200)
  expect(log.length).toBeGreaterThan(1)
})

it('says nothing while answers come', async () => {
  for (let i = 0; i < 10; i++) {
    watch.waits(platform.now())
    await platform.advance(40)
  }
  expect(log).toEqual([])
})

it('believes an answer that comes with the second look', async () => {
  watch.waits(platform.now())
  await platform.advance(52)
  watch.waits(platform.now())
  await platform.advance(10)
  expect(log).toEqual([])
})

it('does not take the time in which this process slept for that of the server', async () => {
  watch.waits(platform.now())
  platform.sleep(3000)
  await platform.advance(52)
  watch.rests(platform.now())
  await platform.advance(10)
  expect(log).toEqual([])
})

it('tells how long nothing has been in flight, also when nothing ever was', async () => {
  await platform.advance(999)
  expect(log).toEqual([])
  await platform.advance(1)
  expect(log).toEqual(['rested'])
  log = []
  watch.waits(platform.now())
  watch.rests(platform.now())
  await platform.advance(950)
  expect(log).toEqual([])
  await platform.advance(150)
  expect(log).toContain('rested')
})

it('sets one timer for many reads', () => {
  for (let i = 0; i < 100; i++) {
    watch.waits(platform.now())
    watch.rests(platform.now())
  }
  expect(platform.pendingTimers).toBe(1)
})

it('leaves no timer behind', async () => {
  watch.waits(platform.now())
  await platform.advance(52)
  watch.end()
  expect(platform.pendingTimers).toBe(0)
  await platform.advance(1000)
  expect(log).toEqual([])
})

it('may be ended by what it tells', async () => {
  const ending = new LaneWatch(platform, {
    looked: () => {},
    stalled: () => ending.end(),
    rested: () => ending.end(),
  })
  watch.end()
  await platform.advance(1000)
  expect(platform.pendingTimers).toBe(0)
})
