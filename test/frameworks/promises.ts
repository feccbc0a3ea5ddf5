import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { ask, until } from '../support/servers.ts'
import { Browser } from './browser.ts'

/** With a position, or shortly without one where the primary does not answer in time. */
const COOKIE = /^switchyard=[\w-]{7,72}; Path=\/; HttpOnly; SameSite=Lax$/

export interface Shop {
  readonly cluster: () => Cluster
  readonly url: () => string
  /** Whether an error page carries the token. */
  readonly keepsTokenOfErrors: boolean
}

/** What a user of any framework may rely on. */
export function promisesOf({ cluster, url, keepsTokenOfErrors }: Shop): void {
  const open = (): Browser => new Browser(url())

  /** Names that no other test has ordered: all share the tables. */
  const unique = (what: string): string => `${what} ${randomUUID()}`

  /** When the replica last listed the orders. */
  async function lastRead(): Promise<number> {
    const config = cluster().replicas[0]?.config ?? {}
    const sql = `select max(query_start) as at from pg_stat_activity where query like 'SELECT item FROM orders%'`
    return Number((await ask(config, sql))[0]?.['at'] ?? 0)
  }

  /** Nothing that is written meanwhile reaches the replica. */
  async function whilePaused(fn: () => Promise<void>): Promise<void> {
    await cluster().caughtUp()
    await cluster().replicas[0]?.pauseReplay()
    try {
      await fn()
    } finally {
      await cluster().replicas[0]?.resumeReplay()
    }
  }

  it('the request after a write shows it: from the primary, and from the replica once that has it', async () => {
    const [writer, other, lamp] = [open(), open(), unique('lamp')]
    await whilePaused(async () => {
      const response = await writer.order(lamp)
      expect([response.status, await response.json()]).toEqual([201, { item: lamp }])
      expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(COOKIE)])
      expect(await writer.items()).toContain(lamp)
      // The replica is known to be fresh enough soon, and serves those who need not see it.
      await until('another user reads from the replica', async () => !(await other.items()).includes(lamp))
    })
    const before = await lastRead()
    await until('the replica shows it to its writer', async () => {
      expect(await writer.items()).toContain(lamp)
      return (await lastRead()) > before
    })
  })

  it('a body that comes late leads to the session of its request, too', async () => {
    const response = await open().orderSlowly(unique('lamp'))
    expect(response.status).toBe(201)
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(COOKIE)])
  })

  it('a request that writes nothing gets no cookie, and its response stays as it is', async () => {
    const { headers } = await open().ask('/orders')
    expect(headers.getSetCookie()).toEqual([])
    expect(headers.has('x-switchyard-token')).toBe(false)
    expect(headers.get('cache-control')).toBe('public, max-age=5')
    expect(headers.get('vary') ?? '').not.toMatch(/cookie/i)
  })

  it('no shared cache keeps a response with a token', async () => {
    const { headers } = await open().ask('/visit')
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(COOKIE)])
    expect(headers.get('cache-control')).toBe('private, max-age=5')
    expect(headers.get('vary')).toMatch(/Cookie, x-switchyard-token/)
  })

  it.each(keepsTokenOfErrors ? ['an error page'] : [])(
    '%s carries the token of what was written before',
    async () => {
      await whilePaused(async () => {
        const [writer, piano] = [open(), unique('piano')]
        const { headers, status } = await writer.order(piano)
        expect(status).toBe(500)
        expect(headers.getSetCookie()).toEqual([expect.stringMatching(COOKIE)])
        expect(await writer.items()).toContain(piano)
      })
    },
  )

  it('a token that is garbage is none', async () => {
    const response = await open().ask('/orders', { headers: { 'x-switchyard-token': 'garbage'.repeat(100) } })
    expect(response.status).toBe(200)
  })

  it('concurrent requests keep their sessions', async () => {
    const names = Array.from({ length: 20 }, () => unique('chair'))
    await whilePaused(async () => {
      const writing = names.map(async (name) => {
        const writer = open()
        await writer.order(name)
        return (await writer.items()).includes(name)
      })
      const reading = names.map(async (name) => {
        const reader = open()
        return { sees: (await reader.items()).includes(name), cookies: reader.cookies }
      })
      expect(await Promise.all(writing)).toEqual(names.map(() => true))
      const read = await Promise.all(reading)
      expect(read.map(({ cookies }) => cookies)).toEqual(names.map(() => 0))
      expect(read.filter(({ sees }) => !sees)).not.toEqual([])
    })
  })
}
