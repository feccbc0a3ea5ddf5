import { afterEach, expect, test } from 'vitest'
import { INTERVAL_MS, MonitorBench, resolution, TIMEOUT_MS } from '../../test/support/monitor-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryRow, replicaRow } from '../../test/support/fake-servers.ts'

let open: MonitorBench | undefined
async function bench(): Promise<MonitorBench> {
  open = new MonitorBench()
  await open.monitor.settled()
  return open
}
afterEach(() => open?.monitor.close())

test('a rest forgets all that was known, and the next look is over new connections', async () => {
  const b = await bench()
  await b.platform.advance(INTERVAL_MS)
  expect(b.node('b').lag).toBeDefined()
  const clients = (): number => b.network.at('a').clients.length
  const before = clients()
  b.network.at('a').row = replicaRow('0/2000', 'a')
  b.network.at('b').row = primaryRow('0/2000', 'b', '7000', '00000002')
  b.monitor.rest()
  expect([b.shown, b.monitor.isResting, b.rests]).toEqual(['pending pending pending', true, 1])
  await b.monitor.settled()
  expect([b.shown, b.monitor.isResting, clients()]).toEqual(['replica primary replica', false, before + 1])
  expect(b.node('c').lag).toBeUndefined()
})

test('it looks at once while a caller waits', async () => {
  const b = await bench()
  const found = b.monitor.awaitSnapshot(({ primary }) => primary?.id === 'b', 10_000)
  b.network.at('a').row = replicaRow('0/2000', 'a')
  b.network.at('b').row = primaryRow('0/2000', 'b', '7000', '00000002')
  b.monitor.rest()
  expect(await found).toBe(true)
  expect(b.rests).toBe(0)
})

test('a look that began before it does not end it', async () => {
  const b = new MonitorBench()
  open = b
  b.network.at('a').connecting = 'is silent'
  const first = resolution(b.monitor.settled())
  b.monitor.rest()
  void b.monitor.settled()
  b.network.at('a').connecting = 'answers'
  b.network.at('b').connecting = 'is silent'
  b.network.at('c').connecting = 'is silent'
  await b.platform.advance(0)
  expect(b.monitor.isResting).toBe(true)
  await b.platform.advance(TIMEOUT_MS)
  await settle()
  expect([first.done, b.monitor.isResting]).toEqual([true, false])
})

test('it does nothing before the first look', async () => {
  const b = new MonitorBench()
  open = b
  b.monitor.rest()
  await b.platform.advance(0)
  expect(b.probes('a', 'b', 'c')).toEqual([0, 0, 0])
})
