import { describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { FakeNetwork, type FakeServer } from '../../test/support/fake-servers.ts'
import { NodeProbe } from './node-probe.ts'

function bench(mayBeUnflushed: () => boolean): { readonly probe: NodeProbe; readonly server: FakeServer } {
  const network = new FakeNetwork()
  const onLost = (): void => {}
  const probe = new NodeProbe(
    { host: 'h' },
    network.connect,
    new FakePlatform(),
    2000,
    onLost,
    mayBeUnflushed,
  )
  return { probe, server: network.at('h') }
}

describe('where commits may not be flushed', () => {
  it('a primary tells its insert position, too, without the header of a page', async () => {
    const { probe, server } = bench(() => true)
    server.inserted = '0/5018'
    expect(await probe.probe()).toMatchObject({ role: 'primary', lsn: 0x1000n, insertedLsn: 0x5018n })
    server.inserted = '0/6018'
    expect(await probe.progress()).toMatchObject({ lsn: 0x1000n, insertedLsn: 0x6000n })
  })

  it('is found out between two probes', async () => {
    let isUnflushed = false
    const { probe } = bench(() => isUnflushed)
    expect((await probe.probe()).insertedLsn).toBeUndefined()
    isUnflushed = true
    expect((await probe.progress()).insertedLsn).toBe(0x1000n)
    isUnflushed = false
    expect((await probe.progress()).insertedLsn).toBeUndefined()
  })
})
