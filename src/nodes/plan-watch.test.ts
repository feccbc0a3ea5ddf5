import { describe, expect, it } from 'vitest'
import { PlanWatch } from './plan-watch.ts'

/** Runs as the watch wants it; gives how many of the runs had a name. */
function run(watch: PlanWatch, count: number, ms: { named: number; unnamed: number }): number {
  let named = 0
  for (let i = 0; i < count; i++) {
    const isNamed = watch.wantsName
    if (isNamed) named += 1
    watch.ran(isNamed, isNamed ? ms.named : ms.unnamed)
  }
  return named
}

describe('a text', () => {
  it('runs so often without a name before it gets one', () => {
    const watch = new PlanWatch(5)
    expect(run(watch, 5, { named: 1, unnamed: 1 })).toBe(0)
    expect(run(watch, 100, { named: 1, unnamed: 1 })).toBe(100)
  })

  it('with slower named runs goes back, and for longer each time', () => {
    const watch = new PlanWatch(5)
    const skewed = { named: 26, unnamed: 0.36 }
    run(watch, 5, skewed)
    // Four runs are seen to be slow; four more of each kind, in turn, show that it is not the server.
    expect(run(watch, 12, skewed)).toBe(8)
    expect(run(watch, 256, skewed)).toBe(0)
    expect(run(watch, 12, skewed)).toBe(8)
    expect(run(watch, 1024, skewed)).toBe(0)
    expect(run(watch, 1, skewed)).toBe(1)
  })

  it('keeps its name when everything has become slower', () => {
    const watch = new PlanWatch(5)
    run(watch, 20, { named: 0.2, unnamed: 0.3 })
    const busy = { named: 5, unnamed: 6 }
    expect(run(watch, 1000, busy)).toBeGreaterThan(950)
  })

  it('keeps its name though one run was slow: that was a garbage collector', () => {
    const watch = new PlanWatch(5)
    run(watch, 10, { named: 0.2, unnamed: 0.3 })
    watch.ran(true, 200)
    expect(run(watch, 100, { named: 0.2, unnamed: 0.3 })).toBe(100)
  })

  it('is compared again after a while: a generic plan may have become worse', () => {
    const watch = new PlanWatch(5)
    const early = { named: 2, unnamed: 2 }
    run(watch, 5, early)
    expect(run(watch, 10_000, early)).toBe(10_000 - 16)
  })

  it('keeps its name where runs of both kinds are sometimes slow: others are in the way', () => {
    const watch = new PlanWatch(5)
    let seed = 7
    const chance = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    // As with locks: most runs are short, some wait for others.
    const noisy = (mean: number): number => (chance() < 0.2 ? mean * 20 * chance() : mean)
    let named = 0
    for (let i = 0; i < 20_000; i++) {
      const { wantsName } = watch
      if (wantsName) named += 1
      watch.ran(wantsName, noisy(wantsName ? 0.3 : 0.5))
    }
    expect(named).toBeGreaterThan(18_000)
  })

  it('loses its name where it is slower on the whole, though runs of both kinds vary', () => {
    const watch = new PlanWatch(5)
    let turn = 0
    let named = 0
    for (let i = 0; i < 2000; i++) {
      turn = (turn + 1) % 5
      const { wantsName } = watch
      if (wantsName) named += 1
      watch.ran(wantsName, (wantsName ? 12 : 2) * (0.6 + turn * 0.2))
    }
    expect(named).toBeLessThan(120)
  })

  it('a run that was sent with a name before the change does not count', () => {
    const watch = new PlanWatch(5)
    run(watch, 5, { named: 1, unnamed: 1 })
    for (let i = 0; i < 4; i++) watch.ran(true, 50)
    expect(watch.wantsName).toBe(false)
    for (let i = 0; i < 50; i++) watch.ran(true, 50)
    // It was the server: without a name it takes as long.
    expect(run(watch, 16, { named: 1, unnamed: 50 })).toBe(0)
    expect(watch.wantsName).toBe(true)
  })

  it('a late answer with a name does not count for the runs without', () => {
    const watch = new PlanWatch(5)
    const skewed = { named: 26, unnamed: 0.36 }
    run(watch, 17, skewed)
    for (let i = 0; i < 500; i++) watch.ran(true, 26)
    expect(run(watch, 256, skewed)).toBe(0)
    expect(watch.wantsName).toBe(true)
  })
})

describe('a run with a name that has failed', () => {
  it('is followed by 64 runs without: a read that fails each time is seldom run twice', () => {
    const watch = new PlanWatch(1)
    watch.ran(false, 1)
    expect(watch.wantsName).toBe(true)
    watch.failed()
    for (let bare = 0; bare < 64; bare++) {
      expect(watch.wantsName).toBe(false)
      watch.ran(false, 1)
    }
    expect(watch.wantsName).toBe(true)
  })
})
