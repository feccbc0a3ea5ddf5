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

  describe('of a replica that states it', () => {
    const stating = (statedLagMs: number, sentAtMs: number): Observation =>
      observed('replica', '0/1000', { sentAtMs, statedLagMs })

    it('proves freshness as of so long before, and 2 seconds more', () => {
      const lag = new ClusterLag()
      expect(lag.lagOf(stating(70, 10_000))).toEqual({ statedMs: 70, freshAsOfMs: 7930 })
    })

    it('holds whatever is known of the primary', () => {
      const lag = new ClusterLag()
      expect(lag.lagOf(stating(0, 10_000), false)).toEqual({ statedMs: 0, freshAsOfMs: 8000 })
      expect(lag.lagOf(replica('0/1000'), false)).toBeUndefined()
    })

    it('proves the position that the primary was seen at by then', () => {
      const lag = new ClusterLag()
      lag.record(primary('0/1000', 7000))
      lag.record(primary('0/2000', 8000))
      lag.record(primary('0/3000', 8001))
      const { systemIdentifier } = observed('primary', '0/1000')
      expect(lag.lagOf(stating(0, 10_000))?.shows).toEqual({ systemIdentifier, timeline: 1, lsn: 0x2000n })
      expect(lag.lagOf(stating(1500, 10_000))?.shows).toBeUndefined()
    })
  })
})
