import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { SharedCall } from './shared-call.ts'

/** Settles the calls on demand; the result is the number of the call. */
class Fixture {
  readonly shared: SharedCall<number>
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  count = 0

  constructor() {
    this.shared = new SharedCall(() => {
      const number = ++this.count
      return new Promise((resolve, reject) => this.#waiting.push({ resolve: () => resolve(number), reject }))
    })
  }

  async answers(): Promise<void> {
    this.#waiting.shift()?.resolve()
    await settle()
  }

  async fails(): Promise<void> {
    this.#waiting.shift()?.reject(new Error('no answer'))
    await settle()
  }
}

describe('a shared call', () => {
  it('runs at once for the first caller, and once more for all callers in the meantime', async () => {
    const fixture = new Fixture()
    const first = fixture.shared.result()
    const others = [fixture.shared.result(), fixture.shared.result()]
    expect(fixture.count).toBe(1)
    await fixture.answers()
    await fixture.answers()
    expect(await Promise.all([first, ...others])).toEqual([1, 2, 2])
  })

  it('a caller during the second call gets a third', async () => {
    const fixture = new Fixture()
    void fixture.shared.result()
    void fixture.shared.result()
    await fixture.answers()
    const third = fixture.shared.result()
    await fixture.answers()
    await fixture.answers()
    expect(await third).toBe(3)
  })

  it('is idle when no call is running', async () => {
    const fixture = new Fixture()
    expect(fixture.shared.isIdle).toBe(true)
    void fixture.shared.result()
    void fixture.shared.result()
    await fixture.answers()
    expect(fixture.shared.isIdle).toBe(false)
    await fixture.answers()
    expect(fixture.shared.isIdle).toBe(true)
  })

  it('a failure concerns its own callers only', async () => {
    const fixture = new Fixture()
    const first = fixture.shared.result()
    const second = fixture.shared.result()
    const failed = first.catch((error: Error) => error.message)
    await fixture.fails()
    expect(await failed).toContain('no answer')
    await fixture.answers()
    expect(await second).toBe(2)
    expect(fixture.shared.isIdle).toBe(true)
  })
})
