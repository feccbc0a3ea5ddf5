import { describe, expect, it, test } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { memoryPositionStore } from './memory-position-store.ts'
import { encodeToken } from './token.ts'

function token(lsn: bigint): string {
  const position = { systemIdentifier: '7431', timeline: 1, lsn }
  return encodeToken({ kind: 'position', position, expiresAtMs: 1_790_000_000_000 })
}

const [near, far] = [token(100n), token(200n)]

describe('a store in memory', () => {
  it('keeps a token per user', async () => {
    const store = memoryPositionStore()
    await store.set('ann', near, 1000)
    await store.set('bob', far, 1000)
    expect([await store.get('ann'), await store.get('bob'), await store.get('carol')]).toEqual([
      near,
      far,
      undefined,
    ])
  })

  it('never goes back', async () => {
    const store = memoryPositionStore()
    await store.set('ann', far, 1000)
    await store.set('ann', near, 1000)
    expect(await store.get('ann')).toBe(far)
  })

  it('forgets when the time is over, and sets no timer for it', async () => {
    const platform = new FakePlatform()
    const store = memoryPositionStore({ platform })
    const timersBefore = process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length
    await store.set('ann', near, 1000)
    await platform.advance(1000)
    expect(await store.get('ann')).toBe(near)
    await platform.advance(1)
    expect(await store.get('ann')).toBeUndefined()
    expect(process.getActiveResourcesInfo().filter((one) => one === 'Timeout')).toHaveLength(timersBefore)
  })

  it('a repeated token lasts longer, and never shorter', async () => {
    const platform = new FakePlatform()
    const store = memoryPositionStore({ platform })
    await store.set('ann', far, 1000)
    await store.set('ann', near, 10)
    await platform.advance(900)
    expect(await store.get('ann')).toBe(far)
    await store.set('ann', far, 1000)
    await platform.advance(900)
    expect(await store.get('ann')).toBe(far)
  })

  it('a position whose time is over is no reason to refuse a lower one', async () => {
    const platform = new FakePlatform()
    const store = memoryPositionStore({ platform })
    await store.set('ann', far, 1000)
    await platform.advance(1001)
    await store.set('ann', near, 1000)
    expect(await store.get('ann')).toBe(near)
  })

  it('holds no more users than it may', async () => {
    const store = memoryPositionStore({ maxEntries: 2 })
    for (const user of ['ann', 'bob', 'carol']) await store.set(user, near, 1000)
    expect([await store.get('ann'), await store.get('bob'), await store.get('carol')]).toEqual([
      undefined,
      near,
      near,
    ])
  })

  test.each([0, -1, 1.5, NaN, Infinity, '5'])('maxEntries: %j is refused', (maxEntries) => {
    expect(() => memoryPositionStore({ maxEntries: maxEntries as number })).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_INVALID_OPTION',
        message: `Option "maxEntries" must be a whole number of at least 1; received ${String(maxEntries)}`,
      }),
    )
  })
})
