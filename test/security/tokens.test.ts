import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeToken } from '../../src/consistency/token.ts'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'

// A token says how new the data of its session has to be. It says nothing of who its holder is.

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const SECRET = 'a secret of at least thirty-two bytes'
let cluster: Cluster
let pool: Pool
beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    `create table notes (owner text, note text);
     alter table notes enable row level security;
     create policy own on notes using (owner = current_setting('app.user', true));
     create role reader;
     grant select, insert on notes to reader;
     insert into notes values ('alice', 'of alice'), ('bob', 'of bob')`,
  )
  pool = poolOver(cluster, { tokens: { secret: SECRET } })
  await replicasReady(pool)
})
afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

const notesOf = async (user: string, token?: string): Promise<readonly string[]> =>
  pool.withSession({ token, role: 'reader', settings: { 'app.user': user } }, async () => {
    const { rows } = await pool.query<{ note: string }>('select note from notes order by note')
    return rows.map(({ note }) => note)
  })

async function tokenOf(user: string): Promise<string> {
  return pool.withSession({ role: 'reader', settings: { 'app.user': user } }, async (session) => {
    await pool.query(
      `insert into notes values (current_setting('app.user'), 'newer of ' || current_setting('app.user'))`,
    )
    return (await session.token()) ?? ''
  })
}

describe('a token of somebody else', () => {
  it('shows nothing of theirs, however often it is sent', async () => {
    const token = await tokenOf('alice')
    expect(token).toMatch(/^[\w-]{55}$/)
    for (let i = 0; i < 20; i += 1) expect(await notesOf('bob', token)).toEqual(['of bob'])
    expect(await notesOf('alice', token)).toEqual(['newer of alice', 'of alice'])
  })
})

describe('a flood of tokens', () => {
  const forgedToken = (number: number): string =>
    encodeToken(
      {
        kind: 'position',
        position: { systemIdentifier: String(number + 1), timeline: 1, lsn: BigInt(number) },
        expiresAtMs: Date.now() + 1e9,
      },
      { secret: `${SECRET}-${number}` },
    )

  it('that are made up is rejected one by one', async () => {
    const reasons: string[] = []
    const note = ({ reason }: { readonly reason: string }): void => void reasons.push(reason)
    pool.events.on('tokenRejected', note)
    const forged = Array.from({ length: 500 }, (_, i) => forgedToken(i))
    await Promise.all(forged.map((token) => pool.withSession({ token }, () => pool.query('select 1'))))
    pool.events.off('tokenRejected', note)
    expect(reasons).toEqual(forged.map(() => 'forged'))
    expect(await notesOf('bob')).toEqual(['of bob'])
  })

  it('leaves nothing behind', async () => {
    let rejected = 0
    pool.events.on('tokenRejected', () => (rejected += 1))
    const heapAfter = async (from: number, to: number): Promise<number> => {
      for (let i = from; i < to; i += 1) pool.withSession({ token: forgedToken(i) }, () => i)
      // What weak references have given stays until the next turn.
      await new Promise((resolve) => setImmediate(resolve))
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const before = await heapAfter(0, 5_000)
    // A token that is kept takes at least its 55 characters, and what points to it.
    expect(await heapAfter(5_000, 25_000)).toBeLessThan(before + 20_000 * 55)
    expect(rejected).toBe(25_000)
  })
})
