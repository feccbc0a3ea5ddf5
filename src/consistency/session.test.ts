import { expect, it } from 'vitest'
import { createSession } from './session.ts'

it('a new session has not written', () => {
  expect(createSession().lastWriteAtMs).toBeUndefined()
})

it('a session knows when it heard of its last write', () => {
  const session = createSession()
  session.wrote(1000, undefined)
  session.wrote(2500, undefined)
  expect(session.lastWriteAtMs).toBe(2500)
})

it('sessions know nothing of each other', () => {
  const [ann, bob] = [createSession(), createSession()]
  ann.wrote(1000, undefined)
  expect(bob.lastWriteAtMs).toBeUndefined()
})
