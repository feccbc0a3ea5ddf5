import { describe, expect, it } from 'vitest'
import { PLAIN } from '../topology/wording.ts'
import { Wordings } from './wordings.ts'

const denied = Object.assign(new Error('denied'), { code: '0A000', severity: 'ERROR' })
const silent = new Error('No answer')

class Bench {
  nowMs = 0
  refused: readonly string[] = []
  /** Fails this question once, as a timeout does. */
  timesOutAt: number | undefined
  readonly asked: string[] = []
  readonly wordings: Wordings = new Wordings({ now: () => this.nowMs }, () => false)

  readonly #ask = async (sql: string): Promise<string> => {
    this.asked.push(sql)
    if (this.asked.length === this.timesOutAt) throw silent
    if (this.refused.some((name) => sql.includes(`${name}(`))) throw denied
    return sql
  }

  async probe(): Promise<string> {
    this.asked.length = 0
    return this.wordings.adapted(this.#ask, this.#ask)
  }
}

describe('the questions to a node', () => {
  it('are plain while nothing is refused', async () => {
    const b = new Bench()
    expect(await b.probe()).toContain(PLAIN.receivedLsn)
    expect(b.asked).toHaveLength(1)
  })

  it('leave out what was refused, and find that out once', async () => {
    const b = new Bench()
    b.refused = ['pg_last_wal_receive_lsn', 'aurora_replica_status']
    const text = await b.probe()
    expect(text).not.toContain(PLAIN.receivedLsn)
    expect(text).toContain(PLAIN.replayedLsn)
    expect(await b.probe()).toBe(text)
    expect(b.asked).toEqual([text])
    expect(b.wordings.progress).not.toContain(PLAIN.receivedLsn)
  })

  it('are found again when something else is refused', async () => {
    const b = new Bench()
    b.refused = ['pg_last_wal_receive_lsn', 'aurora_replica_status']
    await b.probe()
    b.refused = [...b.refused, 'pg_control_system']
    expect(await b.probe()).not.toContain('pg_control_system')
  })

  it('are plain again once a while: rights may have been granted', async () => {
    const b = new Bench()
    b.refused = ['pg_last_wal_receive_lsn']
    await b.probe()
    b.refused = []
    b.nowMs = 9 * 60_000
    expect(await b.probe()).not.toContain(PLAIN.receivedLsn)
    b.nowMs = 10 * 60_000
    for (let n = 0; n < 30; n += 1) await b.probe()
    expect(await b.probe()).toContain(PLAIN.receivedLsn)
    expect(b.asked).toHaveLength(1)
  })

  it('are renewed by one question per probe: a long search would look like a server that is down', async () => {
    const b = new Bench()
    b.refused = ['pg_last_wal_receive_lsn', 'pg_last_wal_replay_lsn', 'aurora_db_instance_identifier']
    const text = await b.probe()
    b.nowMs = 10 * 60_000
    b.refused = ['pg_last_wal_receive_lsn', 'aurora_db_instance_identifier']
    const texts: string[] = []
    for (let n = 0; n < 30; n += 1) {
      texts.push(await b.probe())
      expect(b.asked.length).toBeLessThanOrEqual(2)
    }
    expect(texts[0]).toBe(text)
    expect(texts.at(-1)).toContain(PLAIN.replayedLsn)
    expect(texts.at(-1)).not.toContain(PLAIN.receivedLsn)
  })

  it('go on where a timeout has cut them short', async () => {
    const b = new Bench()
    b.refused = ['pg_last_wal_receive_lsn']
    b.timesOutAt = 8
    await expect(b.probe()).rejects.toBe(silent)
    b.timesOutAt = undefined
    const known = b.asked.slice(1, 7)
    await b.probe()
    expect(known.filter((sql) => b.asked.includes(sql))).toEqual([])
  })

  it('let other errors pass', async () => {
    const b = new Bench()
    b.timesOutAt = 1
    await expect(b.probe()).rejects.toBe(silent)
    expect(b.asked).toHaveLength(1)
  })
})
