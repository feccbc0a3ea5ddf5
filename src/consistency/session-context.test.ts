import { describe, expect, it } from 'vitest'
import { SessionContext } from './session-context.ts'
import { createSession } from './session.ts'

describe('SessionContext', () => {
  it('outside of any session, the pool has one of its own, always the same', () => {
    const context = new SessionContext()
    expect(context.current()).toBe(context.current())
  })

  it('pools do not share it', () => {
    expect(new SessionContext().current()).not.toBe(new SessionContext().current())
  })

  it('gives the session to the function, and its result back', () => {
    const [context, session] = [new SessionContext(), createSession()]
    expect(context.run(session, () => context.current() === session)).toBe(true)
  })

  it('goes along with everything that is awaited, and ends with the function', async () => {
    const context = new SessionContext()
    const implicit = context.current()
    const session = createSession()
    const inside = context.run(session, async () => {
      const seen = [context.current()]
      await Promise.resolve()
      seen.push(context.current())
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(context.current())
      return seen
    })
    expect(context.current()).toBe(implicit)
    for (const seen of await inside) expect(seen).toBe(session)
    expect(context.current()).toBe(implicit)
  })

  it('sessions that run at the same time do not mix, and the inner of two counts', async () => {
    const context = new SessionContext()
    const [outer, inner, other] = [createSession(), createSession(), createSession()]
    await Promise.all([
      context.run(outer, async () => {
        await context.run(inner, async () => {
          await Promise.resolve()
          expect(context.current()).toBe(inner)
        })
        expect(context.current()).toBe(outer)
      }),
      context.run(other, async () => {
        await Promise.resolve()
        expect(context.current()).toBe(other)
      }),
    ])
  })

  it('a session of one pool says nothing to another', () => {
    const [mine, theirs] = [new SessionContext(), new SessionContext()]
    const implicit = theirs.current()
    mine.run(createSession(), () => expect(theirs.current()).toBe(implicit))
  })

  it('follows no code any more once it is closed', async () => {
    const context = new SessionContext()
    const session = createSession()
    const seen = context.run(session, async () => {
      await Promise.resolve()
      return context.current()
    })
    context.close()
    expect(await seen).toBe(context.implicit)
    expect(context.run(session, () => context.current())).toBe(context.implicit)
  })

  it('an error of the function is passed on', () => {
    const context = new SessionContext()
    const fail = (): never => {
      throw new Error('mine')
    }
    expect(() => context.run(createSession(), fail)).toThrow('mine')
  })
})
