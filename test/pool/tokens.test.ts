import { describe, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import { encodeToken } from '../../src/consistency/token.ts'
import { CausalBench, readNote } from '../support/causal-bench.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

const bench = CausalBench.forTests()

const SECRET = 'a secret of at least thirty-two bytes'
const OLDER = 'an older secret, of thirty-two bytes too'

/** Why tokens were not believed, one after the other. */
function rejectionsOf(pool: Pool): string[] {
  const reasons: string[] = []
  pool.events.on('tokenRejected', ({ reason }) => reasons.push(reason))
  return reasons
}

/** What stands for another process: a pool that knows nothing of what the first one did. */
async function twoProcesses(options: PoolOptions = {}): Promise<readonly [Pool, Pool]> {
  return Promise.all([
    bench.open({ catchUpTimeoutMs: 50, ...options }),
    bench.open({ catchUpTimeoutMs: 50, ...options }),
  ])
}

async function writeAndTell(pool: Pool): Promise<{ version: number; token: string | undefined }> {
  return pool.withSession(async (session) => ({
    version: await bench.write(pool),
    token: await session.token(),
  }))
}

describe('a token', () => {
  it.each(['causal', 'window'] as const)(
    'takes what one process wrote to another one, where other sessions know nothing of it (%s)',
    async (consistency) => {
      const [writer, reader] = await twoProcesses({ consistency })
      await bench.paused([0, 1], async () => {
        const { version, token } = await writeAndTell(writer)
        expect(token).toMatch(/^[\w-]{34}$/)
        const read = (): Promise<unknown> => readNote(reader)
        expect(await reader.withSession({ token }, read)).toMatchObject({ version, from: 'primary' })
        expect(await reader.withSession({ token }, () => reader.withSession(read))).toMatchObject({ version })
        expect(await reader.withSession(read)).not.toMatchObject({ version })
      })
    },
  )

  it('of a process that has only begun', async () => {
    const writer = await bench.open({ catchUpTimeoutMs: 50 })
    await bench.paused([0, 1], async () => {
      const { version, token } = await writeAndTell(writer)
      const reader = bench.openUnprepared({ catchUpTimeoutMs: 50 })
      const rejected = rejectionsOf(reader)
      expect(await reader.withSession({ token }, () => readNote(reader))).toMatchObject({ version })
      expect(rejected).toEqual([])
    })
  })

  it('covers what was read, too', async () => {
    const [first, second] = await twoProcesses({ catchUpTimeoutMs: 2000 })
    await bench.paused([0], async () => {
      const version = await bench.writeBehind()
      const token = await first.withSession(async (session) => {
        while ((await readNote(first, { consistency: 'eventual' })).version !== version);
        while ((await readNote(first)).version !== version);
        return session.token()
      })
      expect(await second.withSession({ token }, () => readNote(second))).toMatchObject({ version, from: 1 })
    })
  })

  it('of a session that has neither read nor written is at the start of the pool', async () => {
    const pool = await bench.open()
    const token = await pool.withSession((session) => session.token())
    expect(token).toMatch(/^[\w-]{34}$/)
  })
})

describe('a token that is not to be believed', () => {
  const position = async (): Promise<{ systemIdentifier: string; timeline: number; lsn: bigint }> => {
    const [row] = await ask(
      bench.cluster.primary.config,
      `select system_identifier::text, (pg_current_wal_lsn() - '0/0')::text as lsn from pg_control_system()`,
    )
    return {
      systemIdentifier: String(row?.['system_identifier']),
      timeline: 1,
      lsn: BigInt(String(row?.['lsn'])),
    }
  }
  const soon = (): number => Date.now() + 60_000

  it.each<[string, PoolOptions, () => Promise<string> | string, string]>([
    ['garbage', {}, () => 'x', 'malformed'],
    ['nothing', {}, () => '', 'malformed'],
    ['a megabyte', {}, () => 'A'.repeat(1_000_000), 'malformed'],
    [
      'one of long ago',
      {},
      async () =>
        encodeToken({ kind: 'position', position: await position(), expiresAtMs: Date.now() - 5000 }),
      'expired',
    ],
    [
      'one of another cluster',
      {},
      async () =>
        encodeToken({
          kind: 'position',
          position: { ...(await position()), systemIdentifier: '42' },
          expiresAtMs: soon(),
        }),
      'other-cluster',
    ],
    [
      'one without a signature',
      { tokens: { secret: SECRET } },
      async () => encodeToken({ kind: 'position', position: await position(), expiresAtMs: soon() }),
      'unsigned',
    ],
    [
      'one that another secret has signed',
      { tokens: { secret: SECRET } },
      async () =>
        encodeToken({ kind: 'position', position: await position(), expiresAtMs: soon() }, { secret: OLDER }),
      'forged',
    ],
    [
      'one of a position that the primary has not reached',
      {},
      async () => {
        const there = await position()
        return encodeToken({
          kind: 'position',
          position: { ...there, lsn: there.lsn + 1_000_000_000n },
          expiresAtMs: soon(),
        })
      },
      'ahead-of-primary',
    ],
    [
      'one of a timeline that is not there yet',
      {},
      async () =>
        encodeToken({
          kind: 'position',
          position: { ...(await position()), timeline: 9 },
          expiresAtMs: soon(),
        }),
      'ahead-of-primary',
    ],
  ])('%s counts as none, with an event', async (_name, options, make, reason) => {
    const pool = await bench.open({ catchUpTimeoutMs: 5000, ...options })
    const rejected = rejectionsOf(pool)
    const token = await make()
    const version = await bench.writeBehind()
    await bench.cluster.caughtUp()
    const answer = await pool.withSession({ token }, () => readNote(pool))
    expect(rejected).toEqual([reason])
    expect(answer).toMatchObject({ version, from: expect.toBeOneOf([0, 1]) as number })
    expect(answer.tookMs).toBeLessThan(1000)
  })

  it('of another cluster, told to a process that has only begun, makes no read wait', async () => {
    const other = await sharedCluster({ replicas: 0 })
    try {
      const token = encodeToken({
        kind: 'position',
        position: { systemIdentifier: '42', timeline: 1, lsn: 1n },
        expiresAtMs: soon(),
      })
      const pool = bench.openUnprepared({ catchUpTimeoutMs: 5000 })
      const first = await pool.withSession({ token }, () => readNote(pool))
      expect(first.tookMs).toBeLessThan(2000)
    } finally {
      await other.stop()
    }
  })
})

describe('a secret', () => {
  it('may be changed while tokens of the one before are about', async () => {
    const old = await bench.open({ catchUpTimeoutMs: 50, tokens: { secret: OLDER } })
    const both = await bench.open({ catchUpTimeoutMs: 50, tokens: { secret: [SECRET, OLDER] } })
    const changed = await bench.open({ catchUpTimeoutMs: 50, tokens: { secret: SECRET } })
    await bench.paused([0, 1], async () => {
      const { version, token } = await writeAndTell(old)
      expect(token).toMatch(/^[\w-]{55}$/)
      const rejected = [rejectionsOf(both), rejectionsOf(changed)]
      expect(await both.withSession({ token }, () => readNote(both))).toMatchObject({ version })
      expect(await changed.withSession({ token }, () => readNote(changed))).not.toMatchObject({ version })
      const next = await writeAndTell(both)
      expect(await changed.withSession({ token: next.token }, () => readNote(changed))).toMatchObject({
        version: next.version,
      })
      expect(rejected).toEqual([[], ['forged']])
    })
  })
})

describe('after a promotion', () => {
  it('a token of the old timeline counts for what survived, and no read waits for the rest', async () => {
    const pool = await bench.open({ catchUpTimeoutMs: 3000 })
    const { version, token } = await writeAndTell(pool)
    await bench.cluster.caughtUp()
    await bench.cluster.promote(0)
    const reader = await bench.open({ catchUpTimeoutMs: 3000 })
    expect(await reader.withSession({ token }, () => readNote(reader))).toMatchObject({ version })
    // In the pool that was there before, sessions go on, too.
    const answer = await readNote(pool)
    expect(answer).toMatchObject({ version })
    const next = await bench.write(pool)
    expect(await readNote(pool)).toMatchObject({ version: next })
  })
})
