import { expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { FakeNetwork } from '../../test/support/fake-servers.ts'
import { NodeProbe } from './node-probe.ts'

it.each(['25P04', '57P05'])(
  'a server that closes an idle connection with %s is not suspected',
  async (code) => {
    const network = new FakeNetwork()
    const lost: Error[] = []
    const probe = new NodeProbe({ host: 'h' }, network.connect, new FakePlatform(), 2000, (error) => {
      lost.push(error)
    })
    await probe.probe()
    network.at('h').newestClient.breakOff(Object.assign(new Error('cut'), { code }))
    expect(lost).toEqual([])
    expect((await probe.probe()).role).toBe('primary')
  },
)

it('a probe is asked once more over a new connection when transaction_timeout has closed the first', async () => {
  const network = new FakeNetwork()
  const lost: Error[] = []
  const probe = new NodeProbe({ host: 'h' }, network.connect, new FakePlatform(), 2000, (error) => {
    lost.push(error)
  })
  const server = network.at('h')
  server.querying = Object.assign(new Error('cut'), { code: '25P04' })
  server.onRequest = () => {
    if (server.connections === 2) server.querying = 'answers'
  }
  expect((await probe.probe()).role).toBe('primary')
  expect([server.connections, lost]).toEqual([2, []])
})
