import { describe, expect, it } from 'vitest'
import { observed } from '../../test/support/views.ts'
import type { Observation } from '../topology/node.ts'
import { ClusterLag } from './cluster-lag.ts'

const primary = (lsn: string, atMs: number, insertedLsn?: bigint): Observation =>
  observed('primary', lsn, {
    timeline: 1,
    sentAtMs: atMs,
    receivedAtMs: atMs,
    ...(insertedLsn === undefined ? {} : { insertedLsn }),
  })
const replica = (lsn: string): Observation => observed('replica', lsn, { timeline: 1 })

describe('ClusterLag', () => {
  it('goes by the flush position while all commits are flushed', () => {
    const lag = new ClusterLag()
    lag.record(primary('0/1000', 10))
    lag.record(primary('0/2000', 20))
    expect(lag.lagOf(replica('0/1000'))).toEqual({ bytes: 0x1000, freshAsOfMs: 10, behindSinceMs: 20 })
    expect(lag.lagOf(replica('0/2000'))).toEqual({ bytes: 0, freshAsOfMs: 20 })
  })

  it('proves freshness by the insert position where they may not be', () => {
    const lag = new ClusterLag()
    lag.record(primary('0/1000', 10, 0x1000n))
    lag.record(primary('0/1000', 20, 0x1800n))
    expect(lag.lagOf(replica('0/1000'))).toMatchObject({ freshAsOfMs: 10 })
    expect(lag.lagOf(replica('0/1800'))).toMatchObject({ freshAsOfMs: 20 })
  })

  it('does not take WAL that is not flushed for lag', () => {
    const lag = new ClusterLag()
    lag.record(primary('0/1000', 10, 0x1000n))
    lag.record(primary('0/1000', 20, 0x1800n))
    expect(lag.lagOf(replica('0/1000'))).toEqual({ bytes: 0, freshAsOfMs: 10 })
  })

  it('knows of no freshness before the first insert position', () => {
    const lag = new ClusterLag()
    lag.record(primary('0/1000', 10))
    lag.record(primary('0/1000', 20, 0x1800n))
    expect(lag.lagOf(replica('0/1000'))).toEqual({ bytes: 0, freshAsOfMs: -Infinity })
  })
})
