import { describe, expect, it } from 'vitest'
import { createRandom } from './random.ts'
import { visit, type VisitOptions } from './visit.ts'

class FakeShopper {
  sinceWriteMs: number | undefined
  readonly log: string[] = []
  async browse(): Promise<void> {
    this.log.push('browse')
  }
  async lookBack(): Promise<void> {
    this.log.push('look back')
  }
  async changeProfile(): Promise<void> {
    this.log.push('write')
  }
  async placeOrder(): Promise<void> {
    this.log.push('write')
  }
}

function visitBy(shopper: FakeShopper, seed: number, isOver = false): Promise<number> {
  const clock = { now: () => 0, pause: () => Promise.resolve(), isOver }
  const options: VisitOptions = { shopper, random: createRandom(seed), clock, windowMs: 2000 }
  return visit(options)
}

describe('visit', () => {
  it('is mostly reading, and every write is read back at once', async () => {
    let writes = 0
    let reads = 0
    for (let seed = 0; seed < 500; seed++) {
      const shopper = new FakeShopper()
      const awayMs = await visitBy(shopper, seed)
      expect(awayMs).toBeGreaterThan(0)
      const at = shopper.log.indexOf('write')
      if (at >= 0) expect(shopper.log[at + 1]).toBe('look back')
      writes += at >= 0 ? 1 : 0
      reads += shopper.log.filter((entry) => entry === 'browse').length
    }
    expect(writes).toBeGreaterThan(125)
    expect(reads / writes).toBeGreaterThan(20)
  })

  it('starts with a look at what was written before', async () => {
    const shopper = new FakeShopper()
    shopper.sinceWriteMs = 5000
    await visitBy(shopper, 1)
    expect(shopper.log.slice(0, 2)).toEqual(['look back', 'browse'])
  })

  it('is short soon after a write, and the next one comes when the window has just ended', async () => {
    const shopper = new FakeShopper()
    shopper.sinceWriteMs = 700
    const awayMs = await visitBy(shopper, 1)
    expect(shopper.log).toEqual(['look back'])
    expect(awayMs).toBeGreaterThanOrEqual(1300)
    expect(awayMs).toBeLessThanOrEqual(1700)
  })

  it('browses no further when everything is over', async () => {
    const shopper = new FakeShopper()
    await visitBy(shopper, 1, true)
    expect(shopper.log).not.toContain('browse')
  })
})
