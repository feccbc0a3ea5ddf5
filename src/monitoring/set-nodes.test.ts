import { afterEach, describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { replicaRow } from '../../test/support/fake-servers.ts'
import { INTERVAL_MS, MonitorBench } from '../../test/support/monitor-bench.ts'
import type { NodeConfig } from '../nodes/server-node.ts'

let open: MonitorBench | undefined
async function bench(ids?: readonly string[]): Promise<MonitorBench> {
  open = new MonitorBench(ids)
  open.network.at('d').row = replicaRow('0/1000', 'd')
  await open.monitor.settled()
  return open
}

afterEach(async () => {
  await open?.monitor.close()
})

const node = (id: string, options: object = {}, weight = 1): NodeConfig => ({
  id,
  weight,
  options: { host: id, ...options },
})

describe('setNodes', () => {
  it('keeps what is known of nodes that stay, and their connections', async () => {
    const b = await bench()
    const before = b.node('b')
    b.monitor.setNodes([node('c'), node('a'), node('b', {}, 5)])
    expect(b.shown).toBe('replica primary replica')
    expect(b.told.at(-1)).toBe('replica primary replica')
    expect(b.node('b')).toEqual({ ...before, weight: 5 })
    expect(b.probes('a', 'b', 'c')).toEqual([1, 1, 1])
    await b.monitor.refresh()
    expect(b.network.at('b').connections).toBe(1)
  })

  it('closes what goes, and asks it no more', async () => {
    const b = await bench()
    b.monitor.setNodes([node('a'), node('b')])
    expect(b.shown).toBe('primary replica')
    await settle()
    expect(b.network.at('c').newestClient.isClosed).toBe(true)
    await b.platform.advance(3 * INTERVAL_MS)
    expect(b.probes('a', 'b', 'c')).toEqual([4, 4, 1])
    expect(b.platform.pendingTimers).toBe(2)
  })

  it('an answer of a node that has gone comes too late', async () => {
    const b = await bench(['a', 'b'])
    b.network.at('b').querying = 'is silent'
    void b.monitor.refresh()
    await settle()
    b.monitor.setNodes([node('a')])
    const told = b.told.length
    b.network.at('b').speakUp()
    await settle()
    expect([b.shown, b.told.length, b.platform.pendingTimers]).toEqual(['primary', told, 1])
  })

  it('looks at new nodes at once', async () => {
    const b = await bench(['a'])
    b.monitor.setNodes([node('a'), node('d')])
    expect(b.shown).toBe('primary pending')
    await settle()
    expect(b.shown).toBe('primary replica')
    expect(b.probes('a', 'd')).toEqual([1, 1])
  })

  it.each([
    ['options', { port: 6000 }],
    ['a password', Object.defineProperty({}, 'password', { value: 'new', enumerable: false })],
  ])('a node with other %s is another node', async (_name, given) => {
    const b = await bench(['a', 'b'])
    const options = Object.defineProperties({ host: 'b' }, Object.getOwnPropertyDescriptors(given))
    b.monitor.setNodes([node('a'), { id: 'b', weight: 1, options }])
    expect(b.shown).toBe('primary pending')
    await settle()
    expect(b.shown).toBe('primary replica')
    expect(b.network.at('b').connections).toBe(2)
    expect(b.network.at('b').clients[0]?.isClosed).toBe(true)
  })

  it('before the first look there is no I/O', async () => {
    open = new MonitorBench(['a'])
    open.network.at('b').row = replicaRow('0/1000', 'b')
    open.monitor.setNodes([node('a'), node('b')])
    await open.platform.advance(INTERVAL_MS)
    expect(open.shown).toBe('pending pending')
    expect(open.network.at('b').connections).toBe(0)
    await open.monitor.settled()
    expect(open.shown).toBe('primary replica')
  })

  it('close of the monitor waits for the nodes that went before', async () => {
    const b = await bench(['a', 'b'])
    b.network.at('b').holdsClosings = true
    b.monitor.setNodes([node('a')])
    let isClosed = false
    const closed = b.monitor.close().then(() => (isClosed = true))
    await settle()
    expect(isClosed).toBe(false)
    for (const hear of b.network.at('b').closings) hear()
    await closed
    b.monitor.setNodes([node('a'), node('d')])
    await settle()
    expect(b.network.at('d').connections).toBe(0)
  })
})
