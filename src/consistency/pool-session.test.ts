import { describe, expect, it } from 'vitest'
import { writeAt } from '../../test/support/sessions.ts'
import { classify } from '../statement/classify.ts'
import type { Statement } from '../statement/statement.ts'
import { PoolSession } from './pool-session.ts'
import { OF_ANY_KEY } from './touched.ts'
import { createSession, recordWrite } from './session.ts'

const select = await classify('select 1')
const showing = (...shows: string[]): Statement => ({ ...select, footprint: { changes: [], shows } })
const users = showing('app.users')
const orders = showing('app.orders')

describe('the session of a pool', () => {
  it('needs nothing while nothing was written', () => {
    const session = new PoolSession()
    expect(session).toMatchObject({ hasWritten: false, lastWriteAtMs: undefined, position: undefined })
    expect(session.changedAtMs(users, OF_ANY_KEY)).toBeUndefined()
  })

  it('needs the last write of what a read shows', () => {
    const session = new PoolSession()
    session.wrote(writeAt(3, undefined, ['app.users']))
    session.wrote(writeAt(5, undefined, ['app.orders']))
    expect([users, orders].map((each) => session.changedAtMs(each, OF_ANY_KEY))).toEqual([3, 5])
    expect(session).toMatchObject({ hasWritten: true, lastWriteAtMs: 5, pending: undefined })
  })

  it('needs what sessions within it have written', () => {
    const session = new PoolSession()
    recordWrite(createSession({ parent: session }), writeAt(3, undefined, ['app.users']))
    expect([users, orders].map((each) => session.changedAtMs(each, OF_ANY_KEY))).toEqual([3, undefined])
  })

  it('needs what the primary has shown to it, and by default everything', () => {
    const session = new PoolSession()
    session.saw(3, undefined, [], ['app.users'])
    expect([users, orders].map((each) => session.changedAtMs(each, OF_ANY_KEY))).toEqual([3, undefined])
    session.saw(5, undefined)
    expect([users, orders].map((each) => session.changedAtMs(each, OF_ANY_KEY))).toEqual([5, 5])
  })

  it('has a window after a write that is not certain, too', () => {
    const session = new PoolSession()
    session.wrote({ ...writeAt(3), certainty: 'pending' })
    expect(session).toMatchObject({ hasWritten: false, lastWriteAtMs: 3 })
  })
})
