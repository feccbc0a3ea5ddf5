import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemPlatform } from './system.ts'

/** Timers that would keep this process alive. */
function timersHeld(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}

describe('the system platform', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('goes by the true clock and timers while the application has false ones', async () => {
    vi.useFakeTimers()
    const startedAtMs = systemPlatform.now()
    const cancelled = systemPlatform.schedule(1, () => expect.unreachable())
    cancelled.cancel()
    await new Promise<void>((resolve) => systemPlatform.schedule(20, resolve))
    expect(systemPlatform.now() - startedAtMs).toBeGreaterThanOrEqual(19)
    const release = systemPlatform.holdOpen()
    expect(timersHeld()).toBeGreaterThan(0)
    release()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('never goes back in time', () => {
    const times = Array.from({ length: 1000 }, () => systemPlatform.now())
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  it('gives chances in [0, 1) that differ', () => {
    const chances = Array.from({ length: 100 }, () => systemPlatform.random())
    expect(chances.every((chance) => chance >= 0 && chance < 1)).toBe(true)
    expect(new Set(chances).size).toBeGreaterThan(90)
  })

  it('fires a timer once, not before it is due', async () => {
    const startedAtMs = systemPlatform.now()
    await new Promise<void>((resolve) => systemPlatform.schedule(20, resolve))
    // A timer of Node.js counts whole milliseconds, so it may seem to come up to one too early.
    expect(systemPlatform.now() - startedAtMs).toBeGreaterThanOrEqual(19)
  })

  it('never fires a cancelled timer, and cancelling twice is harmless', async () => {
    const fired: string[] = []
    const timer = systemPlatform.schedule(1, () => fired.push('cancelled'))
    timer.cancel()
    timer.cancel()
    await new Promise<void>((resolve) => {
      systemPlatform.schedule(5, () => {
        fired.push('later')
        resolve()
      })
    })
    expect(fired).toEqual(['later'])
  })

  it('keeps the process alive while a caller holds it open, and not for its timers', () => {
    const before = timersHeld()
    const timer = systemPlatform.schedule(60_000, () => {})
    expect(timersHeld()).toBe(before)
    const release = systemPlatform.holdOpen()
    expect(timersHeld()).toBe(before + 1)
    release()
    release()
    expect(timersHeld()).toBe(before)
    timer.cancel()
  })
})
