import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { SharedQuestion } from './shared-question.ts'

/** Answers with the number of the question when it is told to. */
class Asked {
  readonly question: SharedQuestion<number>
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  count = 0

  constructor() {
    this.question = new SharedQuestion(() => {
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

describe('a shared question', () => {
  it('is asked for the first at once, and for all who come meanwhile once more', async () => {
    const asked = new Asked()
    const first = asked.question.answer()
    const others = [asked.question.answer(), asked.question.answer()]
    expect(asked.count).toBe(1)
    await asked.answers()
    await asked.answers()
    expect(await Promise.all([first, ...others])).toEqual([1, 2, 2])
  })

  it('whoever comes while the second is under way gets a third', async () => {
    const asked = new Asked()
    void asked.question.answer()
    void asked.question.answer()
    await asked.answers()
    const third = asked.question.answer()
    await asked.answers()
    await asked.answers()
    expect(await third).toBe(3)
  })

  it('is idle when nobody waits any more', async () => {
    const asked = new Asked()
    expect(asked.question.isIdle).toBe(true)
    void asked.question.answer()
    void asked.question.answer()
    await asked.answers()
    expect(asked.question.isIdle).toBe(false)
    await asked.answers()
    expect(asked.question.isIdle).toBe(true)
  })

  it('one that fails fails alone', async () => {
    const asked = new Asked()
    const first = asked.question.answer()
    const second = asked.question.answer()
    const failed = first.catch((error: Error) => error.message)
    await asked.fails()
    expect(await failed).toContain('no answer')
    await asked.answers()
    expect(await second).toBe(2)
    expect(asked.question.isIdle).toBe(true)
  })
})
