import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { deadline } from './deadline.ts'
import { systemPlatform } from './system.ts'

let platform: FakePlatform
let passed: number

beforeEach(() => {
  platform = new FakePlatform()
  passed = 0
})

const begin = (ms: number): { cancel(): void } => deadline(platform, ms, () => (passed += 1))

describe('a deadline', () => {
  it.each([0, 1, 50, 100, 2000])('passes after %i ms, once', async (ms) => {
    begin(ms)
    await platform.advance(ms - 1)
    expect(passed).toBe(0)
    await platform.advance(1)
    expect(passed).toBe(1)
    await platform.advance(10_000)
    expect(passed).toBe(1)
    expect(platform.pendingTimers).toBe(0)
  })

  it.each([0, 60, 100])('never passes when it is cancelled after %i ms', async (ms) => {
    const timer = begin(100)
    await platform.advance(ms - 1)
    timer.cancel()
    timer.cancel()
    await platform.advance(1000)
    expect(passed).toBe(0)
    expect(platform.pendingTimers).toBe(0)
  })

  it('is not over because the process has slept', async () => {
    begin(2000)
    platform.sleep(60_000)
    await platform.advance(0)
    expect(passed).toBe(0)
    await platform.advance(1999)
    expect(passed).toBe(0)
    await platform.advance(1)
    expect(passed).toBe(1)
  })

  it('counts the time before and after a sleep', async () => {
    begin(2000)
    await platform.advance(1000)
    platform.sleep(60_000)
    await platform.advance(0)
    await platform.advance(1000)
    expect(passed).toBe(1)
  })

  it('is over some time though the process is always late', async () => {
    begin(2000)
    for (let i = 0; i < 8; i++) {
      platform.sleep(600)
      await platform.advance(0)
    }
    expect(passed).toBe(1)
  })

  it('comes behind what is ready at the same moment', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      deadline(systemPlatform, 1, () => {
        order.push('deadline')
        resolve()
      })
      const end = performance.now() + 10
      while (performance.now() < end);
      // The event loop reads data that has arrived meanwhile in its poll phase, after the timers.
      setImmediate(() => order.push('answer'))
    })
    expect(order).toEqual(['answer', 'deadline'])
  })
})
