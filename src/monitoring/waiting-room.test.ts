import { expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import type { Snapshot } from '../topology/snapshot.ts'
import { WaitingRoom } from './waiting-room.ts'

const snapshot: Snapshot = { nodes: [] }

it('with a test that throws fails, and no other does', async () => {
  const platform = new FakePlatform()
  const room = new WaitingRoom(platform)
  const fails = room.wait(() => {
    throw new Error('of the balancer')
  }, 1000)
  const passes = room.wait(() => true, 1000)
  room.tell(snapshot)
  await expect(fails).rejects.toThrow('of the balancer')
  await expect(passes).resolves.toBe(true)
  expect(room.sinceMs).toBeUndefined()
  expect(platform.pendingTimers).toBe(0)
})
