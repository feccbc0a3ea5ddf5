import { describe, expect, it, test } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { PrimaryProof, type Patience } from './primary-proof.ts'
import type { SeenRead } from './session.ts'
import type { Showing, Unshown } from './unshown.ts'

const PATIENCE: Patience = { certainMs: 1000, uncertainMs: 100 }
const READ_AT_MS = 1_000_000
const read = (serverIdentity: string | undefined, atMs = READ_AT_MS): SeenRead => ({ serverIdentity, atMs })

/** As a replica tells it. */
const certainly = (...ids: readonly string[]): Unshown => ({
  transactions: new Map(ids.map((id) => [id, { sinceMs: READ_AT_MS - 5, isCommitted: false }])),
  isCertain: true,
})
/** As the primary tells it alone: since when each one's statement has run. */
const perhaps = (ids: Readonly<Record<string, number>>, isCommitted = false): Unshown => ({
  transactions: new Map(Object.entries(ids).map(([id, sinceMs]) => [id, { sinceMs, isCommitted }])),
  isCertain: false,
})

class Bench {
  readonly platform: FakePlatform = new FakePlatform(READ_AT_MS + 1)
  readonly looks: (string | undefined)[] = []
  heard: (server: string, atMs: number) => Promise<void> | undefined = () => undefined
  readonly proof: PrimaryProof

  /** @param answers One after the other; the last one stays */
  constructor(...answers: readonly (Unshown | undefined | Error)[]) {
    this.proof = new PrimaryProof({
      platform: this.platform,
      heard: (server, atMs) => this.heard(server, atMs),
      look: async (server) => {
        const answer = answers[Math.min(this.looks.length, answers.length - 1)]
        this.looks.push(server)
        if (answer instanceof Error) throw answer
        return answer
      },
    })
  }

  async prove(
    reads: readonly SeenRead[],
    patience = PATIENCE,
  ): Promise<{ showing: Showing | undefined; tookMs: number }> {
    const startedAtMs = this.platform.now()
    let showing: Showing | undefined
    let tookMs = Infinity
    void this.proof.prove(reads, patience).then((came) => {
      showing = came
      tookMs = this.platform.now() - startedAtMs
    })
    for (let i = 0; i < 500 && showing === undefined; i++) await this.platform.advance(5)
    return { showing, tookMs }
  }
}

describe('the primary shows it', () => {
  it('when nothing is missing there: by one look', async () => {
    const bench = new Bench(certainly())
    expect(await bench.prove([read('a')])).toEqual({ showing: 'shown', tookMs: 0 })
    expect(bench.looks).toEqual(['a'])
  })

  it('when what was missing at first has ended, whatever is missing then', async () => {
    const bench = new Bench(certainly('5', '6'), certainly('6', '7'), certainly('7', '8'))
    expect(await bench.prove([read('a')])).toMatchObject({ showing: 'shown' })
    expect(bench.looks).toHaveLength(3)
  })

  it('when it does so for all servers', async () => {
    const bench = new Bench(certainly())
    await bench.prove([read('a'), read('b'), read(undefined), read('a', 3)])
    expect(new Set(bench.looks)).toEqual(new Set(['a', 'b', undefined]))
    expect(bench.looks).toHaveLength(3)
  })

  it('of servers that are gone: what began after the read was not seen', async () => {
    const bench = new Bench(perhaps({ 5: READ_AT_MS + 0.1 }))
    expect(await bench.prove([read(undefined)])).toEqual({ showing: 'shown', tookMs: 0 })
    // The later one of two reads counts.
    expect(await bench.prove([read(undefined), read(undefined, READ_AT_MS + 1)])).toMatchObject({
      showing: 'unknown',
    })
  })

  it('independently of the server’s own clock, where the replica was queried', async () => {
    const bench = new Bench({ ...perhaps({ 5: READ_AT_MS + 99 }), isCertain: true })
    expect(await bench.prove([read('a')])).toMatchObject({ showing: 'hidden' })
  })
})

describe('how long it is waited for', () => {
  test.each<[string, Unshown | Error | undefined, Showing, number]>([
    ['what is certainly missing', certainly('5'), 'hidden', 1000],
    ['what may be missing', perhaps({ 5: -Infinity }), 'unknown', 100],
    ['what waits for synchronous standbys', perhaps({ 5: READ_AT_MS - 1 }, true), 'hidden', 1000],
    ['what nobody can tell', undefined, 'unknown', 0],
    ['what fails to be asked', new Error('gone'), 'unknown', 0],
  ])('%s', async (_name, answer, showing, leastMs) => {
    const bench = new Bench(answer)
    const ended = await bench.prove([read('a')])
    expect(ended.showing).toBe(showing)
    expect(ended.tookMs).toBeGreaterThanOrEqual(leastMs)
    expect(ended.tookMs).toBeLessThanOrEqual(leastMs + 55)
    expect([bench.platform.pendingTimers, bench.platform.heldOpen]).toEqual([0, 0])
  })

  it('a caller without patience does not wait: one look', async () => {
    const bench = new Bench(certainly('5'))
    const patience = { certainMs: 0, uncertainMs: 0 }
    expect(await bench.prove([read('a')], patience)).toEqual({ showing: 'hidden', tookMs: 0 })
    expect(bench.looks).toHaveLength(1)
  })

  it('by fewer and fewer looks', async () => {
    const bench = new Bench(certainly('5'))
    await bench.prove([read('a')])
    expect(bench.looks.length).toBeLessThan(30)
  })

  it('also when the replica goes meanwhile: what it said was missing', async () => {
    const bench = new Bench(
      certainly('5'),
      perhaps({ 5: -Infinity, 6: -Infinity }),
      perhaps({ 6: -Infinity }),
    )
    expect(await bench.prove([read('a')])).toMatchObject({ showing: 'shown' })
  })
})

it('looks are shared by all who ask at the same time', async () => {
  const bench = new Bench(certainly())
  await Promise.all(Array.from({ length: 50 }, () => bench.proof.prove([read('a')], PATIENCE)))
  expect(bench.looks).toEqual(['a', 'a'])
})

it('all servers that are there have to tell their timelines since they were read from', async () => {
  const bench = new Bench(certainly())
  expect(bench.proof.heard([read('a'), read(undefined)])).toBeUndefined()
  const asked: unknown[] = []
  let tells = (): void => {}
  bench.heard = (...of) => {
    asked.push(of)
    return of[0] === 'b' ? new Promise((resolve) => (tells = resolve)) : undefined
  }
  let isHeard = false
  void bench.proof
    .heard([read('a'), read('b', READ_AT_MS - 7), read(undefined)])
    ?.then(() => (isHeard = true))
  await bench.platform.advance(1)
  expect([asked, isHeard]).toEqual([
    [
      ['a', READ_AT_MS],
      ['b', READ_AT_MS - 7],
    ],
    false,
  ])
  tells()
  await bench.platform.advance(1)
  expect(isHeard).toBe(true)
})

describe('lists of transactions in progress', () => {
  interface Listed {
    readonly ids: string
    /** When it was requested, in milliseconds after the read. */
    readonly atMs: number
    /** When it was heard, in milliseconds after the read. @defaultValue `atMs` */
    readonly heardMs?: number
    readonly server?: string
  }
  function judgeOf(platform: FakePlatform): { proof: PrimaryProof; judged: (list: Listed) => boolean } {
    let nowMs = READ_AT_MS
    const clock = Object.assign(Object.create(platform) as FakePlatform, { now: () => nowMs })
    const proof = new PrimaryProof({ platform: clock, look: async () => undefined, heard: () => undefined })
    const judged = ({ ids, atMs, heardMs = atMs, server = 's' }: Listed): boolean => {
      nowMs = READ_AT_MS + heardMs
      const listed = { ids: ids === '' ? [] : ids.split(' '), server, askedAtMs: READ_AT_MS + atMs }
      return proof.judge([read('a', READ_AT_MS - 50), read('b')], listed)
    }
    return { proof, judged }
  }

  it.each<[proves: boolean, when: string, lists: readonly Listed[]]>([
    [true, 'nothing is in progress', [{ ids: '', atMs: 2 }]],
    [false, 'something is', [{ ids: '5', atMs: 2 }]],
    [
      true,
      'what was in progress after the read has ended',
      [
        { ids: '5 6', atMs: 0 },
        { ids: '7', atMs: 4 },
      ],
    ],
    [
      false,
      'some of it has not',
      [
        { ids: '5 6', atMs: 0 },
        { ids: '6 7', atMs: 4 },
      ],
    ],
    [
      false,
      'it was in progress before the last of the reads',
      [
        { ids: '5', atMs: -1 },
        { ids: '6', atMs: 4 },
      ],
    ],
    [
      false,
      'another server said so',
      [
        { ids: '5', atMs: 1, server: 't' },
        { ids: '6', atMs: 4 },
      ],
    ],
    [
      false,
      'the list without it may be the later one',
      [
        { ids: '5', atMs: 1, heardMs: 4 },
        { ids: '6', atMs: 3, heardMs: 5 },
      ],
    ],
    [
      true,
      'it had not begun by the first of several lists since the read',
      [
        { ids: '5', atMs: 0 },
        { ids: '6', atMs: 2 },
        { ids: '6', atMs: 4 },
      ],
    ],
  ])('%s when %s', (proves, _when, lists) => {
    const { judged } = judgeOf(new FakePlatform())
    expect(lists.map(judged).at(-1)).toBe(proves)
  })

  it('are few, and some time apart', () => {
    const { judged } = judgeOf(new FakePlatform())
    judged({ ids: '5', atMs: 0 })
    for (let atMs = 10; atMs < 11; atMs += 0.1) judged({ ids: '6', atMs })
    expect(judged({ ids: '6', atMs: 12 })).toBe(true)
    for (let atMs = 20; atMs < 30; atMs++) judged({ ids: '6', atMs })
    expect(judged({ ids: '6', atMs: 31 })).toBe(false)
  })

  it('are not asked for ahead of reads for a while after several have proven nothing', () => {
    const { judged, proof } = judgeOf(new FakePlatform())
    const may = ['5', '5', '', '5', '5', '5'].map((ids, index) => {
      judged({ ids, atMs: index - 40 })
      return proof.mayJudge
    })
    expect(may).toEqual([true, true, true, true, true, false])
    judged({ ids: '', atMs: 100 })
    expect(proof.mayJudge).toBe(true)
  })
})
