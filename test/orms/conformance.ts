import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PoolOptions, Session } from '../../src/index.ts'
import { OrmGround, PATIENT } from './orm-ground.ts'
import type { Orm, OrmAdapter, Person } from './orm.ts'
import { until } from '../support/servers.ts'

const person = (id: number): Person => ({ id, email: `${id}@example.com`, name: `person ${id}` })
const NOBODY = { reads: 0, writes: 0, transactions: 0 }

/** What PostgreSQL said, in the error or in what caused it. */
const says =
  (text: string) =>
  (error: Error): boolean =>
    error.message.includes(text) || (error.cause instanceof Error && error.cause.message.includes(text))

/** The same for every ORM, on one cluster, each in a database of its own. */
export function itsOrmsConform(adapters: readonly OrmAdapter[]): void {
  let ground: OrmGround

  beforeAll(async () => {
    ground = await OrmGround.start()
  })

  afterAll(async () => {
    await ground[Symbol.asyncDispose]()
  })

  describe.each(adapters)('$name', ({ name, lacks, open }) => {
    let options: PoolOptions
    let orm: Orm
    const counted = <T>(work: () => Promise<T>): ReturnType<typeof ground.during<T>> =>
      ground.during(name, work)
    const served = (): Promise<void> => ground.replicasServe(name, orm)

    beforeAll(async () => {
      options = { ...(await ground.database(name)), ...PATIENT }
      orm = await open(options)
    })

    afterAll(async () => {
      await orm.close()
    })

    it('migrates while replicas are behind, once', async () => {
      const resume = await ground.pauseReplay()
      try {
        await orm.migrate()
        await orm.migrate()
        await orm.insert(person(1))
        expect(await orm.list()).toEqual([person(1)])
      } finally {
        await resume()
      }
    })

    it('migrates nothing twice where another process has done it and replicas are behind', async () => {
      const resume = await ground.pauseReplay()
      try {
        await orm.insert(person(2))
        const other = await open(options)
        try {
          await other.migrate()
          expect(await other.find(2)).toEqual(person(2))
        } finally {
          await other.close()
        }
      } finally {
        await resume()
      }
    })

    it('reads from replicas', async () => {
      const isFirst = (await orm.notesOf(1)).length === 0
      for (const title of isFirst ? ['a', 'b'] : []) await orm.addNote(1, title)
      await served()
      const { primary, replicas } = await counted(async () => {
        for (let n = 0; n < 5; n++) {
          expect(await orm.find(1)).toEqual(person(1))
          expect(await orm.find(99)).toBe(undefined)
          expect((await orm.list()).map(({ id }) => id)).toEqual([1, 2])
          expect(await orm.count()).toBe(2)
          expect(await orm.notesOf(1)).toEqual(['a', 'b'])
          expect(await orm.raw('select name from people where id = 2')).toEqual([{ name: 'person 2' }])
        }
      })
      expect(primary).toEqual(NOBODY)
      expect(replicas.reads).toBeGreaterThanOrEqual(30)
      expect(replicas.writes).toBe(0)
    })

    it('writes to the primary, and reads what it wrote while replicas are behind', async () => {
      const resume = await ground.pauseReplay()
      try {
        const { primary, replicas } = await counted(async () => {
          await orm.insert(person(10))
          expect(await orm.find(10)).toEqual(person(10))
          await orm.rename(10, 'renamed')
          expect((await orm.find(10))?.name).toBe('renamed')
          await orm.addNote(10, 'c')
          expect(await orm.notesOf(10)).toEqual(['c'])
          await orm.remove(10)
          expect(await orm.find(10)).toBe(undefined)
          expect(await orm.count()).toBe(2)
        })
        expect(primary.writes).toBe(4)
        // A replica may have been asked first, and have said that it is behind.
        expect(primary.reads).toBeGreaterThanOrEqual(5)
        expect(replicas.writes).toBe(0)
      } finally {
        await resume()
      }
    })

    it.skipIf(lacks?.pool !== undefined)(
      'keeps sessions apart, whichever opened the connection',
      async () => {
        await served()
        const begin = (): Session => orm.pool?.session() ?? expect.unreachable('it has a pool')
        const [writer, reader] = [begin(), begin()]
        const resume = await ground.pauseReplay()
        try {
          await writer.run(() => orm.insert(person(15)))
          const { primary } = await counted(async () => {
            for (let n = 0; n < 5; n++) expect(await reader.run(() => orm.find(1))).toEqual(person(1))
          })
          expect(primary).toEqual(NOBODY)
          const seen = await Promise.all(
            Array.from({ length: 12 }, (_, n) =>
              n % 2 === 0 ? writer.run(() => orm.find(15)) : reader.run(() => orm.find(1)),
            ),
          )
          expect(seen).toEqual(seen.map((_, n) => person(n % 2 === 0 ? 15 : 1)))
        } finally {
          await resume()
          await writer.run(() => orm.remove(15))
        }
      },
    )

    it('runs a transaction on the primary, and commits it', async () => {
      await served()
      const { primary, replicas, result } = await counted(() =>
        orm.transaction(async (tx) => {
          await tx.insert(person(20))
          expect(await tx.find(20)).toEqual(person(20))
          expect(await tx.count()).toBe(3)
          return 'committed'
        }),
      )
      expect(result).toBe('committed')
      expect(primary).toMatchObject({ writes: 1, transactions: 1 })
      expect(primary.reads).toBeGreaterThanOrEqual(2)
      expect(replicas).toEqual(NOBODY)
      expect(await orm.find(20)).toEqual(person(20))
    })

    it('rolls a transaction back, and reads from replicas again', async () => {
      const failing = orm.transaction(async (tx) => {
        await tx.remove(20)
        throw new Error('changed my mind')
      })
      await expect(failing).rejects.toThrow('changed my mind')
      expect(await orm.find(20)).toEqual(person(20))
      await served()
      const { primary, replicas } = await counted(() => orm.find(20))
      expect(primary).toEqual(NOBODY)
      expect(replicas.reads).toBe(1)
    })

    it('rolls back to a savepoint, and commits the rest', async () => {
      await orm.nested(async (tx, within) => {
        await tx.rename(20, 'first')
        const inner = within(async (savepoint) => {
          await savepoint.insert(person(21))
          expect(await savepoint.find(21)).toEqual(person(21))
          await savepoint.insert({ ...person(22), email: person(1).email })
        })
        await expect(inner).rejects.toSatisfy((error) => orm.violation(error)?.code === '23505')
        expect(await tx.find(21)).toBe(undefined)
        await within(async (savepoint) => {
          await savepoint.insert(person(22))
        })
      })
      expect((await orm.list()).map(({ id }) => id)).toEqual([1, 2, 20, 22])
      expect((await orm.find(20))?.name).toBe('first')
    })

    it('runs a serializable transaction, and no other one is', async () => {
      const shown = 'select current_setting($$transaction_isolation$$) as isolation from people limit 1'
      const inside = await orm.transaction((tx) => tx.raw(shown), 'serializable')
      expect(inside).toEqual([{ isolation: 'serializable' }])
      expect(await orm.transaction((tx) => tx.raw(shown))).toEqual([{ isolation: 'read committed' }])
      expect(await orm.raw(shown)).toEqual([{ isolation: 'read committed' }])
    })

    it('tells a unique violation by its own error', async () => {
      const failed = await orm.insert({ ...person(30), email: person(1).email }).catch((error) => error)
      expect(orm.violation(failed)).toMatchObject({
        code: '23505',
        constraint: 'people_email_key',
        table: 'people',
      })
      const inside = orm.transaction((tx) => tx.insert({ ...person(30), email: person(1).email }))
      await expect(inside).rejects.toSatisfy((error) => orm.violation(error)?.code === '23505')
      expect(await orm.find(30)).toBe(undefined)
    })

    it('tells what is wrong with a read, and reads on', async () => {
      await served()
      const { primary } = await counted(async () => {
        await expect(orm.raw('select missing from people')).rejects.toSatisfy(
          says('"missing" does not exist'),
        )
        await expect(orm.raw('select 1 / (id - id) from people')).rejects.toSatisfy(says('division by zero'))
      })
      expect(primary).toEqual(NOBODY)
      expect(await orm.find(1)).toEqual(person(1))
    })

    it('serves many callers at once', async () => {
      const ids = Array.from({ length: 24 }, (_, index) => 100 + index)
      const seen = await Promise.all(
        ids.map(async (id) => {
          await orm.insert(person(id))
          if (id % 3 === 0) await orm.transaction((tx) => tx.rename(id, `${id}`))
          return orm.find(id)
        }),
      )
      expect(seen).toEqual(ids.map((id) => (id % 3 === 0 ? { ...person(id), name: `${id}` } : person(id))))
    })

    it.skipIf(lacks?.readOnly !== undefined)('runs a read-only transaction on a replica', async () => {
      await served()
      const { primary, replicas, result } = await counted(async () =>
        orm.readOnly?.(async (tx) => [await tx.find(1), await tx.find(2)]),
      )
      expect(result).toEqual([person(1), person(2)])
      expect(primary).toEqual(NOBODY)
      expect(replicas).toMatchObject({ reads: 2, transactions: 1 })
    })

    it.skipIf(lacks?.stream !== undefined)('streams from a replica, to the end and not so far', async () => {
      const all = await orm.list()
      await served()
      const { primary } = await counted(async () => {
        const streamed: unknown[] = []
        for await (const row of orm.stream?.() ?? []) streamed.push(row)
        expect(streamed).toEqual(all)
        // More often than there are connections: each comes back.
        for (let n = 0; n < 6; n++) {
          for await (const row of orm.stream?.() ?? []) {
            expect(row).toEqual(all[0])
            break
          }
        }
      })
      expect(primary).toEqual(NOBODY)
      await until('every connection is back', async () => (await orm.count()) === all.length)
    })
  })
}
