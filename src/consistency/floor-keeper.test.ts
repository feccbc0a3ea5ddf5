import { describe, expect, it } from 'vitest'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { FloorKeeper } from './floor-keeper.ts'
import type { Position } from './position.ts'

const at = (lsn: bigint): Position => ({ systemIdentifier: '7000', timeline: 1, lsn })

/** A primary whose answers a test gives, in the order of the questions. */
class Primary {
  readonly questions: PromiseWithResolvers<Position | undefined>[] = []
  readonly platform = new FakePlatform()
  readonly keeper: FloorKeeper = new FloorKeeper(() => {
    let resolve: (position: Position | undefined) => void = () => {}
    let reject: (error: Error) => void = () => {}
    const promise = new Promise<Position | undefined>((yes, no) => {
      resolve = yes
      reject = no
    })
    this.questions.push({ promise, resolve, reject })
    return promise
  }, this.platform)

  async pauses(): Promise<void> {
    await this.platform.advance(200)
    await settle()
  }

  async answers(question: number, position: Position | undefined): Promise<void> {
    this.questions[question]?.resolve(position)
    await settle()
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

describe('FloorKeeper', () => {
  it('sends a request at once when none is in flight', async () => {
    const { keeper, questions } = new Primary()
    const floor = keeper.request()
    expect(floor.state).toEqual({ name: 'asked' })
    expect(questions).toHaveLength(1)
  })

  it('hands on what the primary said, to those who wait and to those who look', async () => {
    const primary = new Primary()
    const floor = primary.keeper.request()
    let heard = false
    void floor.settled().then(() => (heard = true))
    await settle()
    expect(heard).toBe(false)
    await primary.answers(0, at(9n))
    expect(heard).toBe(true)
    expect(floor.state).toEqual({ name: 'known', position: at(9n) })
    await floor.settled()
  })

  it('never shares a query that was sent before the request: one is in flight, and one is next', async () => {
    const primary = new Primary()
    const { keeper, questions } = primary
    const first = keeper.request()
    const second = keeper.request()
    expect(second).not.toBe(first)
    // All later callers share the second one while it waits.
    for (let i = 0; i < 1000; i++) expect(keeper.request()).toBe(second)
    expect(questions).toHaveLength(1)

    await primary.answers(0, at(5n))
    expect(first.state).toEqual({ name: 'known', position: at(5n) })
    expect(second.state).toEqual({ name: 'asked' })
    await primary.pauses()
    expect(questions).toHaveLength(2)
    const third = keeper.request()
    expect(third).not.toBe(second)

    await primary.answers(1, at(7n))
    expect(second.state).toEqual({ name: 'known', position: at(7n) })
    await primary.pauses()
    await primary.answers(2, at(8n))
    expect(third.state).toEqual({ name: 'known', position: at(8n) })
    expect(keeper.asked).toBe(3)
  })

  it('pauses between two queries while no caller waits, and not longer', async () => {
    const primary = new Primary()
    primary.keeper.request()
    const second = primary.keeper.request()
    await primary.answers(0, at(5n))
    await primary.platform.advance(199)
    expect(primary.questions).toHaveLength(1)
    await primary.platform.advance(1)
    expect(primary.questions).toHaveLength(2)
    await primary.answers(1, at(6n))
    expect(second.state).toEqual({ name: 'known', position: at(6n) })
  })

  it('leaves no timer behind when it is closed', async () => {
    const primary = new Primary()
    primary.keeper.request()
    primary.keeper.request()
    await primary.answers(0, at(5n))
    primary.keeper.close()
    await primary.pauses()
    primary.keeper.request()
    await primary.pauses()
    expect(primary.questions).toHaveLength(1)
  })

  it.each([
    ['during the pause', true],
    ['while another question is under way', false],
  ])('sends a query at once for a caller that waits %s', async (_name, isPaused) => {
    const primary = new Primary()
    primary.keeper.request()
    const second = primary.keeper.request()
    if (isPaused) await primary.answers(0, at(5n))
    void second.settled()
    if (!isPaused) await primary.answers(0, at(5n))
    expect(primary.questions).toHaveLength(2)
    await primary.answers(1, at(6n))
    expect(second.state).toEqual({ name: 'known', position: at(6n) })
    await primary.pauses()
    expect(primary.questions).toHaveLength(2)
  })

  it('sends nothing without a caller', async () => {
    const primary = new Primary()
    primary.keeper.request()
    await primary.answers(0, at(5n))
    expect(primary.questions).toHaveLength(1)
  })

  it.each<[string, (primary: Primary) => void]>([
    ['cannot tell its position', ({ questions }) => questions[0]?.resolve(undefined)],
    ['does not answer', ({ questions }) => questions[0]?.reject(new Error('gone'))],
  ])('a primary that %s fails that floor alone', async (_name, fails) => {
    const primary = new Primary()
    const first = primary.keeper.request()
    const second = primary.keeper.request()
    let heard = false
    void first.settled().then(() => (heard = true))
    fails(primary)
    await settle()
    expect(first.state).toEqual({ name: 'failed' })
    expect(heard).toBe(true)
    await primary.pauses()
    await primary.answers(1, at(6n))
    expect(second.state).toEqual({ name: 'known', position: at(6n) })
  })
})
