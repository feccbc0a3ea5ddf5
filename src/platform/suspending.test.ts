import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { SuspendingPlatform } from './suspending.ts'

let real: FakePlatform
let platform: SuspendingPlatform
let ran: string[]
let isInUse: boolean
let unused: number

beforeEach(() => {
  real = new FakePlatform()
  platform = new SuspendingPlatform(real, { isInUse: () => isInUse, unused: () => (unused += 1) })
  unused = 0
  ran = []
  isInUse = false
})

const work = (name: string, delayMs: number): { cancel(): void } =>
  platform.scheduleWork(delayMs, () => ran.push(name))

describe('work of a process that may be suspended', () => {
  it('has no timer while the process is unused', async () => {
    work('a', 10)
    expect(real.pendingTimers).toBe(0)
    await real.advance(1_000)
    expect(ran).toEqual([])
  })

  it('runs in time while the process is in use, and what is overdue at its next use', async () => {
    isInUse = true
    platform.wake()
    work('a', 10)
    await real.advance(10)
    expect(ran).toEqual(['a'])
    work('b', 10)
    work('c', 10_000)
    isInUse = false
    expect(platform.settle()).toBe(true)
    expect(real.pendingTimers).toBe(0)
    await real.advance(1_000)
    expect(ran).toEqual(['a'])
    isInUse = true
    platform.wake()
    await real.advance(0)
    expect(ran).toEqual(['a', 'b'])
    expect(real.pendingTimers).toBe(1)
  })

  it('runs while a caller holds the process open', async () => {
    work('a', 10)
    const release = platform.holdOpen()
    work('b', 20)
    expect([real.heldOpen, platform.settle()]).toEqual([1, false])
    await real.advance(10)
    release()
    release()
    await real.advance(1_000)
    expect([ran, real.heldOpen, real.pendingTimers, unused]).toEqual([['a'], 0, 0, 1])
  })

  it('does not run when the use has ended unnoticed', async () => {
    platform.wake()
    work('a', 10)
    await real.advance(10)
    expect([ran, real.pendingTimers, platform.isAwake]).toEqual([[], 0, false])
    const release = platform.holdOpen()
    await real.advance(0)
    expect(ran).toEqual(['a'])
    release()
  })

  it('can be cancelled in either state', async () => {
    const a = work('a', 10)
    isInUse = true
    platform.wake()
    const b = work('b', 10)
    a.cancel()
    b.cancel()
    expect(real.pendingTimers).toBe(0)
    await real.advance(10)
    expect(ran).toEqual([])
  })

  it('leaves timeouts alone', async () => {
    platform.schedule(10, () => ran.push('timeout'))
    await real.advance(10)
    expect(ran).toEqual(['timeout'])
  })
})
