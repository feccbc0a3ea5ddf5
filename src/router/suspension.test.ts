import { expect, test } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { Suspension } from './suspension.ts'

test('connections that close behind the end of the pool leave no timer', () => {
  const platform = new FakePlatform()
  const nodes = { isInUse: false, isEmpty: true }
  const suspension = new Suspension({ platform, nodes: () => nodes, rest: () => {} })
  suspension.platform.wake()
  suspension.platform.settle()
  expect(platform.pendingTimers).toBe(1)
  suspension.close()
  suspension.platform.wake()
  suspension.platform.settle()
  expect(platform.pendingTimers).toBe(0)
})
