import { AsyncLocalStorage } from 'node:async_hooks'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { PermitBook } from './permit-book.ts'
import { Permits } from './permits.ts'
import type { Tier } from './tier.ts'

const tier = (name: string, given: Partial<Tier> = {}): Tier => ({
  name,
  share: 1,
  priority: 0,
  maxQueue: 2,
  maxWaitMs: 1000,
  statementTimeoutMs: undefined,
  tags: undefined,
  ...given,
})

let platform: FakePlatform
let permits: Permits
/** Answers in order: the name of the request, or the code of its error. */
let log: string[]
let leaves: Map<string, () => void>

beforeEach(() => {
  platform = new FakePlatform()
  permits = new Permits({ node: 'a:5432', max: 4, priorities: 3, platform })
  log = []
  leaves = new Map()
})

function ask(of: Tier, name: string): () => void {
  return permits.ask(of, (error, done) => {
    log.push(error === undefined ? name : `${name}: ${String(Reflect.get(error, 'code'))}`)
    leaves.set(name, done)
  })
}

async function leave(name: string): Promise<void> {
  leaves.get(name)?.()
  await settle()
}

describe('permits of one node', () => {
  it('as many as there are connections; then one for one', async () => {
    for (const name of ['1', '2', '3', '4', '5']) ask(tier('api'), name)
    await settle()
    expect(log).toEqual(['1', '2', '3', '4'])
    await leave('2')
    expect(log).toEqual(['1', '2', '3', '4', '5'])
  })

  it('a tier has its share, though the rest is free, and waits in the order of coming', async () => {
    const batch = tier('batch', { share: 0.5 })
    for (const name of ['b1', 'b2', 'b3', 'b4']) ask(batch, name)
    ask(tier('api'), 'a1')
    await settle()
    expect(log).toEqual(['b1', 'b2', 'a1'])
    await leave('b1')
    await leave('b2')
    expect(log).toEqual(['b1', 'b2', 'a1', 'b3', 'b4'])
  })

  it('a share is one connection at least', async () => {
    ask(tier('batch', { share: 0.01 }), 'b1')
    await settle()
    expect(log).toEqual(['b1'])
  })

  it('where shares overlap the first priority comes first', async () => {
    for (const name of ['b1', 'b2', 'b3', 'b4']) ask(tier('batch', { priority: 2 }), name)
    await settle()
    ask(tier('batch', { priority: 2 }), 'b5')
    ask(tier('night', { priority: 1 }), 'n1')
    ask(tier('api'), 'a1')
    await settle()
    log.length = 0
    for (const name of ['b1', 'b2', 'b3']) await leave(name)
    expect(log).toEqual(['a1', 'n1', 'b5'])
  })

  it('a full queue fails at once, and no other tier’s', async () => {
    const batch = tier('batch', { share: 0.25 })
    for (const name of ['b1', 'b2', 'b3', 'b4']) ask(batch, name)
    ask(tier('api'), 'a1')
    expect(log).toEqual(['b4: SWITCHYARD_TIER_FULL'])
    await settle()
    expect(log).toEqual(['b4: SWITCHYARD_TIER_FULL', 'b1', 'a1'])
  })

  it('a caller that has waited for too long gets an error, and makes room in the queue', async () => {
    const batch = tier('batch', { share: 0.25 })
    for (const name of ['b1', 'b2', 'b3']) ask(batch, name)
    await platform.advance(1000)
    expect(log).toEqual(['b1', 'b2: SWITCHYARD_TIER_TIMEOUT', 'b3: SWITCHYARD_TIER_TIMEOUT'])
    ask(batch, 'b5')
    await leave('b1')
    expect(log.at(-1)).toBe('b5')
  })

  it('and takes no permit with it when it waited for other tiers', async () => {
    for (const name of ['1', '2', '3', '4']) ask(tier('api'), name)
    ask(tier('batch'), 'late')
    await platform.advance(1000)
    expect(log.at(-1)).toBe('late: SWITCHYARD_TIER_TIMEOUT')
    await leave('1')
    ask(tier('batch'), 'next')
    await settle()
    expect(log.filter((name) => name.startsWith('late'))).toHaveLength(1)
    expect(log.at(-1)).toBe('next')
  })

  it('without a maximum wait no caller is late', async () => {
    const patient = tier('default', { maxWaitMs: undefined, maxQueue: Infinity, share: 0.25 })
    for (let n = 0; n < 500; n++) ask(patient, String(n))
    await platform.advance(1e9)
    expect(log).toEqual(['0'])
    expect(platform.pendingTimers).toBe(0)
  })

  it('a withdrawn request is never answered, in any queue', async () => {
    const batch = tier('batch', { share: 0.25 })
    ask(batch, 'b1')
    const inTier = ask(batch, 'b2')
    for (const name of ['1', '2', '3']) ask(tier('api'), name)
    const inGate = ask(tier('api'), '4')
    await settle()
    inTier()
    inGate()
    await leave('b1')
    await leave('1')
    ask(batch, 'b3')
    ask(tier('api'), '5')
    await settle()
    expect(log).toEqual(['b1', '1', '2', '3', 'b3', '5'])
  })

  it('is given back once, however often that is said', async () => {
    ask(tier('batch', { share: 0.25 }), 'b1')
    for (const name of ['b2', 'b3']) ask(tier('batch', { share: 0.25 }), name)
    await settle()
    await leave('b1')
    await leave('b1')
    expect(log).toEqual(['b1', 'b2'])
  })

  it('keeps neither timers nor the process without waiting callers', async () => {
    const batch = tier('batch', { share: 0.25 })
    const withdraw = ['b1', 'b2', 'b3'].map((name) => ask(batch, name))
    await settle()
    expect([platform.pendingTimers, platform.heldOpen]).toEqual([2, 2])
    await leave('b1')
    withdraw[2]?.()
    expect([platform.pendingTimers, platform.heldOpen]).toEqual([0, 0])
  })

  it('calls back in the context of the caller', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const batch = tier('batch', { share: 0.25 })
    for (const name of ['alice', 'bob', 'carol']) {
      storage.run(name, () =>
        permits.ask(batch, (_error, done) => {
          seen.push(storage.getStore())
          queueMicrotask(done)
        }),
      )
    }
    await settle()
    expect(seen).toEqual(['alice', 'bob', 'carol'])
  })
})

describe('permits of all nodes', () => {
  it('each node has its own, and they are forgotten with it', async () => {
    const batch = tier('batch', { share: 0.5 })
    const book = new PermitBook({ tiers: [batch], platform, maxOf: (node) => (node === 'a' ? 2 : 4) })
    const count = async (node: string): Promise<number> => {
      let granted = 0
      for (let n = 0; n < 3; n++) book.ask(node, { ...batch, maxQueue: 99 }, () => (granted += 1))
      await settle()
      return granted
    }
    expect(await count('a')).toBe(1)
    expect(await count('b')).toBe(2)
    expect(await count('a')).toBe(0)
    book.retain(new Set())
    expect(await count('a')).toBe(1)
  })
})
