import { expect, it } from 'vitest'
import { observed } from '../../test/support/views.ts'
import type { Observation } from '../topology/node.ts'
import { shownUpTo } from './shown-up-to.ts'

const replica = (given: Partial<Observation> = {}): Observation =>
  observed('replica', '0/2000', { timeline: 1, ...given })

it.each<[string, Observation, bigint | undefined]>([
  ['has replayed all that it has received', replica({ receivedLsn: 0x2000n }), 0x2000n],
  ['has received more: it may have shown the next record', replica({ receivedLsn: 0x2001n }), 0x2001n],
  ['has received a whole segment more', replica({ receivedLsn: 0x100_2000n }), 0x2001n],
  ['has replayed more than its receiver has received', replica({ receivedLsn: 0x1000n }), 0x2001n],
  ['has no receiver', replica(), 0x2001n],
  ['does not tell its timeline', observed('replica', '0/2000'), undefined],
  ['does not tell its position', observed('replica', undefined, { timeline: 1 }), undefined],
  ['is a primary by now', observed('primary', '0/2000', { timeline: 1 }), undefined],
])('the data shown by a replica that %s', (_name, observation, lsn) => {
  const expected = lsn === undefined ? undefined : { systemIdentifier: '7000', timeline: 1, lsn }
  expect(shownUpTo(observation)).toEqual(expected)
})
