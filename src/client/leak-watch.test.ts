import type { PoolClient } from 'pg'
import { beforeEach, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { LeakWatch, type ClientLeak } from './leak-watch.ts'

let platform: FakePlatform
let leaks: ClientLeak[]
let watch: LeakWatch
const client = {} as PoolClient

beforeEach(() => {
  platform = new FakePlatform()
  leaks = []
  watch = new LeakWatch(platform, 1000, (leak) => leaks.push(leak))
})

it('tells once of a client that is out for long, and where it was checked out', async () => {
  watch.out(client, watch.here())
  await platform.advance(999)
  expect(leaks).toEqual([])
  await platform.advance(1)
  expect(leaks).toMatchObject([{ heldMs: 1000 }])
  expect(leaks[0]?.stack).toContain('leak-watch.test.ts')
  await platform.advance(5000)
  expect(leaks).toHaveLength(1)
})

it('tells nothing of one that came back, and leaves no timer behind', async () => {
  watch.out(client, '')
  watch.back(client)
  watch.back(client)
  await platform.advance(5000)
  expect(leaks).toEqual([])
})

it('counts from the last checkout', async () => {
  watch.out(client, 'first')
  await platform.advance(900)
  watch.out(client, 'second')
  await platform.advance(900)
  expect(leaks).toEqual([])
  await platform.advance(100)
  expect(leaks).toEqual([{ heldMs: 1000, stack: 'second' }])
})
