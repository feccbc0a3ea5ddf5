import { describe, expect, it } from 'vitest'
import { observed } from '../../test/support/views.ts'
import type { ProbeRow } from './probe.ts'
import { readProgress } from './progress.ts'

describe('readProgress', () => {
  it.each<[string, 'primary' | 'replica', ProbeRow | undefined, bigint | undefined]>([
    ['a replica', 'replica', ['replica', '0/2000', null, 'here'], 0x2000n],
    ['a primary', 'primary', ['primary', '1/2000', null, 'here'], 0x100002000n],
    ['a replica that was promoted', 'replica', ['primary', '0/2000', null, 'here'], undefined],
    ['a primary that was demoted', 'primary', ['replica', '0/2000', null, 'here'], undefined],
    ['another server', 'replica', ['replica', '0/2000', null, 'there'], undefined],
    [
      'a replica of the same timeline',
      'replica',
      ['replica', '0/2000', null, 'here', null, '4', '3'],
      0x2000n,
    ],
    [
      'a replica that follows another primary',
      'replica',
      ['replica', '0/2000', null, 'here', null, '4', '4'],
      undefined,
    ],
    ['nothing', 'primary', undefined, undefined],
    ['no position', 'replica', ['replica', null, null, 'here'], undefined],
    ['no LSN', 'replica', ['replica', 'x', null, 'here'], undefined],
    // Behind a page's header nothing is replayed while the primary idles.
    [
      'an insert position behind a page header',
      'primary',
      ['primary', '0/2018', 'inserted', 'here'],
      0x2000n,
    ],
    [
      "behind a segment's first page header",
      'primary',
      ['primary', '0/1000028', 'inserted', 'here'],
      0x1000000n,
    ],
    ['within a page', 'primary', ['primary', '0/2019', 'inserted', 'here'], 0x2019n],
    ['a flush position is what it is', 'primary', ['primary', '0/2018', null, 'here'], 0x2018n],
    ['and so is a replayed one', 'replica', ['replica', '0/2018', null, 'here'], 0x2018n],
  ])('%s', (_name, role, row, lsn) => {
    const last = observed(role, '0/1000', {
      timeline: 3,
      receivedLsn: 5n,
      serverIdentity: '7000:here',
    })
    const { receivedLsn: _old, ...rest } = last
    const expected = lsn === undefined ? undefined : { ...rest, lsn, sentAtMs: 7, receivedAtMs: 8 }
    expect(readProgress(row, last, 7, 8)).toEqual(expected)
  })

  it('takes over what has been received since', () => {
    const last = observed('replica', '0/1000', { receivedLsn: 5n, serverIdentity: '7000:here' })
    const row = ['replica', '0/2000', null, 'here', '0/3000', '42']
    expect(readProgress(row, last, 7, 8)).toMatchObject({ lsn: 0x2000n, receivedLsn: 0x3000n })
  })
})
