import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, expect, test } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryRow, replicaRow } from '../../test/support/fake-servers.ts'
import { INTERVAL_MS, MonitorBench, resolution, TIMEOUT_MS } from '../../test/support/monitor-bench.ts'
import { REST_AFTER_MS } from './pace.ts'

let open: MonitorBench | undefined
async function bench(isInUse = false): Promise<MonitorBench> {
  open = new MonitorBench()
  open.isInUse = isInUse
  await open.monitor.settled()
  return open
}
afterEach(async () => {
  await open?.monitor.close()
})

/** Connections that are open. */
function connected({ network }: MonitorBench): number {
  return ['a', 'b', 'c'].reduce(
    (sum, id) => sum + network.at(id).clients.filter((each) => !each.isClosed).length,
    0,
  )
}

test('without a statement for 15 s every connection closes, nothing is asked and nothing is known', async () => {
  const b = await bench()
  await b.platform.advance(REST_AFTER_MS - 1)
  expect([b.rests, connected(b)]).toEqual([0, 3])
  await b.platform.advance(INTERVAL_MS)
  expect([b.rests, connected(b), b.monitor.isResting, b.shown]).toEqual([
    1,
    0,
    true,
    'pending pending pending',
  ])
  expect(b.monitor.snapshot.primary).toBeUndefined()
  const before = b.probes('a', 'b', 'c')
  await b.platform.advance(3_600_000)
  expect([b.probes('a', 'b', 'c'), b.platform.pendingTimers]).toEqual([before, 0])
})

test('a statement puts it off', async () => {
  const b = await bench()
  for (let passed = 0; passed < 4 * REST_AFTER_MS; passed += 5_000) {
    b.monitor.used()
    await b.platform.advance(5_000)
  }
  expect(b.rests).toBe(0)
  await b.platform.advance(REST_AFTER_MS)
  expect(b.rests).toBe(1)
})

test('no rest while a connection is in use', async () => {
  const b = await bench(true)
  await b.platform.advance(4 * REST_AFTER_MS)
  expect(b.rests).toBe(0)
  b.isInUse = false
  await b.platform.advance(REST_AFTER_MS)
  expect(b.rests).toBe(1)
})

test('no rest while a caller waits for a primary', async () => {
  const b = await bench()
  b.network.at('a').row = replicaRow('0/1000', 'a')
  void b.monitor.awaitSnapshot(() => false, 10 * REST_AFTER_MS)
  await b.platform.advance(5 * REST_AFTER_MS)
  expect(b.rests).toBe(0)
})

test('the next look starts over: the current primary is found, and lag is measured again', async () => {
  const b = await bench()
  b.monitor.used()
  await b.platform.advance(INTERVAL_MS)
  expect(b.node('b').lag).toBeDefined()
  await b.platform.advance(2 * REST_AFTER_MS)
  b.network.at('a').connecting = new Error('connect ECONNREFUSED')
  b.network.at('b').row = primaryRow('0/9000', 'b', '7000', '00000002')
  b.network.at('c').row = replicaRow('0/1000', 'c')
  await b.monitor.settled()
  expect([b.shown, b.monitor.isResting]).toEqual(['down primary replica', false])
  // It had replayed everything once, a long time ago.
  expect(b.node('c').lag).toBeUndefined()
})

test('a node that did not answer before is not waited for', async () => {
  const b = await bench()
  b.network.at('c').connecting = 'is silent'
  b.network.at('c').newestClient.breakOff()
  await b.platform.advance(TIMEOUT_MS + REST_AFTER_MS)
  expect([b.rests, b.monitor.isResting]).toEqual([1, true])
  const first = resolution(b.monitor.settled())
  await settle()
  expect([first.done, b.shown]).toEqual([true, 'primary replica pending'])
})

test('an answer that comes during the rest is not heard, and a lost connection raises no suspicion', async () => {
  const b = await bench()
  await b.platform.advance(REST_AFTER_MS - 1)
  b.network.at('b').querying = 'is silent'
  await b.platform.advance(INTERVAL_MS)
  expect(b.monitor.isResting).toBe(true)
  b.network.at('b').speakUp()
  b.monitor.suspect('a', new Error('Connection terminated'))
  await settle()
  expect(b.shown).toBe('pending pending pending')
})

test('questions that are asked meanwhile wake it', async () => {
  const b = await bench()
  await b.platform.advance(2 * REST_AFTER_MS)
  expect(await b.monitor.questions.floor()).toMatchObject({ systemIdentifier: '7000', lsn: 0x1000n })
  expect(b.shown).toBe('primary replica replica')
})

test('probes have no parent: the context of the first request ends with it', async () => {
  const requests = new AsyncLocalStorage<string>()
  const b = new MonitorBench()
  open = b
  const seen = new Set<string | undefined>()
  for (const id of ['a', 'b', 'c']) b.network.at(id).onRequest = () => void seen.add(requests.getStore())
  await requests.run('first', () => b.monitor.settled())
  await requests.run('second', async () => {
    b.monitor.used()
    b.monitor.suspect('b', new Error('read ECONNRESET'))
    await b.monitor.lookAt('a')
    await b.monitor.questions.floor()
  })
  await b.platform.advance(3 * INTERVAL_MS)
  expect([...seen]).toEqual([undefined])
})
