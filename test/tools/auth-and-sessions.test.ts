import { EventEmitter } from 'node:events'
import { betterAuth, type BetterAuthOptions } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
// @ts-expect-error It has no types of its own.
import connectPgSimple from 'connect-pg-simple'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { scansOf } from '../support/table-activity.ts'

// What reads right behind its own writes, on a pool that routes.

let cluster: Cluster
let pool: Pool
beforeAll(async () => {
  cluster = await startCluster({ replicas: 2 })
  // The two have tables of one name.
  await ask(cluster.primary.config, 'create schema web')
  await cluster.caughtUp()
  pool = poolOver(cluster, { catchUpTimeoutMs: 50, maxLag: { ms: 600_000 } })
  await replicasReady(pool)
})
afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

async function withoutReplay(fn: () => Promise<void>): Promise<void> {
  await Promise.all(cluster.replicas.map((node) => node.pauseReplay()))
  try {
    await fn()
  } finally {
    await Promise.all(cluster.replicas.map((node) => node.resumeReplay()))
    await cluster.caughtUp()
    await replicasReady(pool)
  }
}

describe('better-auth', () => {
  const options = (): BetterAuthOptions => ({
    database: pool,
    baseURL: 'http://localhost',
    secret: 'a secret that is long enough for a test of this',
    emailAndPassword: { enabled: true },
    logger: { disabled: true },
    telemetry: { enabled: false },
  })
  const alice = { email: 'alice@example.org', password: 'a good password', name: 'Alice' }

  test('makes its tables, and finds them, while replicas do not have them', async () => {
    await withoutReplay(async () => {
      const { runMigrations } = await getMigrations(options())
      await runMigrations()
      expect((await getMigrations(options())).toBeCreated).toEqual([])
    })
  })

  test('who has signed up is signed in, while replicas know nothing of it', async () => {
    const auth = betterAuth(options())
    await withoutReplay(async () => {
      await auth.api.signUpEmail({ body: alice })
      const response = await auth.api.signInEmail({ body: alice, asResponse: true })
      const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? ''
      const session = await auth.api.getSession({ headers: new Headers({ cookie }) })
      expect(session?.user.email).toBe(alice.email)
    })
  })

  test('sessions are looked up on replicas', async () => {
    const auth = betterAuth(options())
    const response = await auth.api.signInEmail({ body: alice, asResponse: true })
    const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? ''
    await cluster.caughtUp()
    await replicasReady(pool)
    const before = pool.stats()
    for (let i = 0; i < 10; i++) {
      expect(await auth.api.getSession({ headers: new Headers({ cookie }) })).not.toBeNull()
    }
    expect(pool.stats().reads - before.reads).toBeGreaterThanOrEqual(10)
    expect(await scansOf(cluster.replicas, '"session"', 10)).toBeGreaterThanOrEqual(10)
  })
})

/** The part of express-session that a store needs, and of the store that is used. */
interface Store {
  set(sid: string, session: object, done: (error?: unknown) => void): void
  get(sid: string, done: (error: unknown, session?: unknown) => void): void
  destroy(sid: string, done: (error?: unknown) => void): void
  close(): Promise<void>
}

describe('connect-pg-simple', () => {
  const open = (): Store => {
    const connect = connectPgSimple as (module: object) => new (options: object) => Store
    const PgStore = connect({ Store: EventEmitter })
    return new PgStore({
      pool,
      schemaName: 'web',
      createTableIfMissing: true,
      pruneSessionInterval: false,
    })
  }
  const session = { cookie: { maxAge: 60_000 }, user: 'alice' }
  const done = (resolve: (value?: unknown) => void, reject: (error: unknown) => void) => {
    return (error: unknown, value?: unknown): void => (error ? reject(error) : resolve(value))
  }
  const set = (store: Store, sid: string): Promise<unknown> =>
    new Promise((resolve, reject) => store.set(sid, session, done(resolve, reject)))
  const get = (store: Store, sid: string): Promise<unknown> =>
    new Promise((resolve, reject) => store.get(sid, done(resolve, reject)))

  test('a session is there right behind the login, and gone behind the logout', async () => {
    const store = open()
    await withoutReplay(async () => {
      await set(store, 'a')
      expect(await get(store, 'a')).toMatchObject({ user: 'alice' })
      await new Promise((resolve, reject) => store.destroy('a', done(resolve, reject)))
      expect(await get(store, 'a')).toBeUndefined()
    })
    await store.close()
  })

  test('sessions are read from replicas', async () => {
    const store = open()
    await set(store, 'b')
    await cluster.caughtUp()
    await replicasReady(pool)
    for (let i = 0; i < 10; i++) expect(await get(store, 'b')).toMatchObject({ user: 'alice' })
    expect(await scansOf(cluster.replicas, 'web.session', 10)).toBeGreaterThanOrEqual(10)
    await store.close()
  })
})
