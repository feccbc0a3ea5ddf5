import { describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { ASLEEP_AFTER_MS, SleepWatch } from './sleep-watch.ts'

describe('the sleep of a process', () => {
  it('is noticed at the first sign after it, once', () => {
    const platform = new FakePlatform()
    const slept: number[] = []
    const watch = new SleepWatch(platform, (ms) => slept.push(ms))
    platform.sleep(ASLEEP_AFTER_MS - 1)
    expect(watch.sleeps).toBe(0)
    platform.sleep(ASLEEP_AFTER_MS)
    expect([watch.sleeps, watch.sleeps]).toEqual([1, 1])
    expect(slept).toEqual([ASLEEP_AFTER_MS])
  })

  it('is not taken for a time without use while the watch beats', async () => {
    const platform = new FakePlatform()
    const watch = new SleepWatch(platform)
    watch.start()
    watch.start()
    expect(platform.pendingTimers).toBe(1)
    await platform.advance(10 * ASLEEP_AFTER_MS)
    expect(watch.sleeps).toBe(0)
    platform.sleep(ASLEEP_AFTER_MS)
    await platform.advance(0)
    expect(watch.sleeps).toBe(1)
    watch.stop()
    expect(platform.pendingTimers).toBe(0)
    await platform.advance(ASLEEP_AFTER_MS)
    expect(watch.sleeps).toBe(2)
  })

  it('is noticed by the wall clock where the monotonic clock has stood still', () => {
    let wallMs = 0
    const platform = Object.assign(new FakePlatform(), { wallNowMs: () => wallMs })
    const watch = new SleepWatch(platform)
    wallMs += ASLEEP_AFTER_MS
    expect(watch.sleeps).toBe(1)
    // A clock that is set back proves nothing.
    wallMs -= 60_000
    expect(watch.sleeps).toBe(1)
  })

  it('is noticed within a beat where the wall clock was set meanwhile', async () => {
    let setMs = 0
    const platform = new FakePlatform()
    const { wallNowMs } = platform
    platform.wallNowMs = () => wallNowMs.call(platform) + setMs
    const watch = new SleepWatch(platform)
    watch.start()
    platform.sleep(ASLEEP_AFTER_MS)
    setMs = -ASLEEP_AFTER_MS
    await platform.advance(0)
    expect(watch.sleeps).toBe(1)
    // The clocks are compared from there.
    await platform.advance(ASLEEP_AFTER_MS)
    setMs = ASLEEP_AFTER_MS / 2
    expect(watch.sleeps).toBe(2)
    watch.stop()
  })

  it.each([
    [0, false],
    [ASLEEP_AFTER_MS / 4, false],
    [ASLEEP_AFTER_MS, true],
  ])('with %d ms of CPU time, busy: %s', async (cpuMs, expected) => {
    let usedMs = 0
    const platform = Object.assign(new FakePlatform(), { cpuMs: () => usedMs })
    const found: boolean[] = []
    const watch = new SleepWatch(platform, (_sleptMs, wasBusy) => found.push(wasBusy))
    platform.sleep(ASLEEP_AFTER_MS)
    usedMs += cpuMs
    watch.note()
    expect(found).toEqual([expected])
  })

  it('is not made longer by the time since the last beat', async () => {
    const platform = new FakePlatform()
    const watch = new SleepWatch(platform)
    watch.start()
    await platform.advance(400)
    expect(watch.sleeps).toBe(0)
    platform.sleep(ASLEEP_AFTER_MS - 1)
    await platform.advance(0)
    expect(watch.sleeps).toBe(0)
    watch.stop()
  })
})
