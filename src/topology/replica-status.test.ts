import { describe, expect, it } from 'vitest'
import { readReplicaStatus, statedLagMs } from './replica-status.ts'

const WRITER = { server_id: 'w', session_id: 'MASTER_SESSION_ID', replica_lag_in_msec: null }
const A = { server_id: 'a', session_id: 'e7a9', replica_lag_in_msec: 20.5, age_in_msec: null }
const B = { server_id: 'b', session_id: '51c0', replica_lag_in_msec: 70, age_in_msec: 600 }

function lagOf(
  rows: readonly object[],
  instance: string | null,
  role: 'primary' | 'replica' = 'replica',
): unknown {
  return statedLagMs(readReplicaStatus(JSON.stringify(rows)), instance, role)
}

describe('the lag that a reader states', () => {
  it.each<[name: string, rows: readonly object[], instance: string | null, lagMs: number | undefined]>([
    ['is that of its own row', [WRITER, A, B], 'a', 20.5],
    ['is older by the age of the row', [WRITER, A, B], 'b', 670],
    ['is the longest of all readers where it does not tell who it is', [WRITER, A, B], null, 670],
    ['is unknown where it has no row yet', [WRITER, A, B], 'c', undefined],
    ['grows with the age of its own row', [WRITER, A, { ...B, age_in_msec: 400_000 }], 'b', 400_070],
    ['is the longest of its rows', [A, { ...A, replica_lag_in_msec: 50 }, B], 'a', 50],
    [
      'is unknown where one of its rows is the writer',
      [A, { ...A, session_id: 'MASTER_SESSION_ID' }],
      'a',
      undefined,
    ],
    ['is unknown where its row has none', [WRITER, { ...A, replica_lag_in_msec: null }, B], 'a', undefined],
    [
      'is unknown where it may be that of a row that has none',
      [{ ...A, replica_lag_in_msec: null }, B],
      null,
      undefined,
    ],
    ['is unknown where it is negative', [{ ...A, replica_lag_in_msec: -1 }], 'a', undefined],
    ['is unknown without a row of a reader', [WRITER], null, undefined],
    ['is unknown without rows', [], 'a', undefined],
    [
      'is unknown while it becomes the writer',
      [{ ...A, session_id: 'MASTER_SESSION_ID' }, B],
      'a',
      undefined,
    ],
    ['may be that of a row that nobody updates', [A, { ...B, age_in_msec: 400_000 }], null, 400_070],
    ['is not younger for a clock that is ahead', [{ ...A, age_in_msec: -3000 }], 'a', 20.5],
    ['may be text', [{ ...A, replica_lag_in_msec: '20.5' }], 'a', 20.5],
    ['may be 0', [{ ...A, replica_lag_in_msec: 0 }], 'a', 0],
  ])('%s', (_name, rows, instance, lagMs) => {
    expect(lagOf(rows, instance)).toBe(lagMs)
  })

  it('is none of a writer', () => {
    expect(lagOf([WRITER, A], 'w', 'primary')).toBeUndefined()
  })

  it.each([null, undefined, '', 'no JSON', '{}', '[1, null, {"server_id": 5}]'])('is not in %j', (text) => {
    expect(readReplicaStatus(text)).toEqual([])
  })
})
