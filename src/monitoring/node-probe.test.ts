import { describe, expect, it } from 'vitest'
import type { Connect } from '../platform/connect.ts'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { FakeNetwork, primaryRow, replicaRow, type FakeServer } from '../../test/support/fake-servers.ts'
import type { Observation } from '../topology/node.ts'
import { UNFINISHED } from './unshown.ts'
import { NodeProbe } from './node-probe.ts'

interface Bench {
  readonly probe: NodeProbe
  readonly server: FakeServer
  readonly platform: FakePlatform
  /** Messages of the losses that were told. */
  readonly lost: readonly string[]
}

const TIMEOUT_MS = 2000

function bench(options: object = {}): Bench {
  const network = new FakeNetwork()
  const platform = new FakePlatform()
  const lost: string[] = []
  const onLost = (error: Error): void => void lost.push(error.message)
  const probe = new NodeProbe({ host: 'h', ...options }, network.connect, platform, TIMEOUT_MS, onLost)
  return { probe, server: network.at('h'), platform, lost }
}

/** The outcome of a probe as text, once it has one. */
function outcome(asked: Promise<Observation>): { text: string } {
  const seen = { text: 'waits' }
  asked.then(
    ({ role }) => (seen.text = role),
    (error: Error) => (seen.text = error.message),
  )
  return seen
}

describe('NodeProbe', () => {
  it('does nothing before it is asked', () => {
    expect(bench().server.connections).toBe(0)
  })

  it('gives what the server answered, with the times around the question', async () => {
    const { probe, server, platform } = bench()
    server.row = replicaRow('0/2000')
    expect(await probe.probe()).toEqual({
      role: 'replica',
      systemIdentifier: '7000',
      serverIdentity: '7000:r',
      lsn: 0x2000n,
      timeline: 1,
      sentAtMs: platform.now(),
      receivedAtMs: platform.now(),
    })
  })

  it('notes when it asked and when the answer came, without the time that connecting took', async () => {
    const { probe, server, platform } = bench()
    const beganAtMs = platform.now()
    server.connecting = 'is silent'
    const asked = probe.probe()
    await platform.advance(100)
    server.speakUp()
    server.querying = 'is silent'
    await platform.advance(30)
    server.speakUp()
    expect(await asked).toMatchObject({ sentAtMs: beganAtMs + 100, receivedAtMs: beganAtMs + 130 })
  })

  it('asks again over the same connection', async () => {
    const { probe, server } = bench()
    await probe.probe()
    await probe.probe()
    expect(server).toMatchObject({ connections: 1, probes: 2 })
  })

  it('has one probe in flight: who asks meanwhile shares its answer', async () => {
    const { probe, server } = bench()
    server.querying = 'is silent'
    const outcomes = [probe.probe(), probe.probe()].map(outcome)
    await settle()
    outcomes.push(outcome(probe.probe()))
    await settle()
    expect(server).toMatchObject({ connections: 1, probes: 1 })
    server.speakUp()
    await settle()
    expect(outcomes.map(({ text }) => text)).toEqual(['primary', 'primary', 'primary'])
    await probe.probe()
    expect(server).toMatchObject({ connections: 1, probes: 2 })
  })

  it.each(['connecting', 'querying'] as const)('fails when the server is silent while %s', async (phase) => {
    const { probe, server, platform, lost } = bench()
    server[phase] = 'is silent'
    const seen = outcome(probe.probe())
    await platform.advance(TIMEOUT_MS - 1)
    expect(seen.text).toBe('waits')
    await platform.advance(1)
    expect(seen.text).toBe('No answer to a probe within 2000 ms')
    expect(server.newestClient.isClosed).toBe(true)
    expect(lost).toEqual([])
  })

  it.each(['connecting', 'querying'] as const)(
    'fails as %s fails, and begins with a new connection',
    async (phase) => {
      const { probe, server, lost } = bench()
      server[phase] = new Error('out of order')
      await expect(probe.probe()).rejects.toThrow('out of order')
      expect(server.newestClient.isClosed).toBe(true)
      server[phase] = 'answers'
      await expect(probe.probe()).resolves.toMatchObject({ role: 'primary' })
      expect(server.connections).toBe(2)
      expect(lost).toEqual([])
    },
  )

  it('fails when the answer is not one', async () => {
    const { probe, server } = bench()
    server.row = ['1']
    await expect(probe.probe()).rejects.toThrow('no usable answer')
  })

  it('fails when no client can be made', async () => {
    const { platform } = bench()
    const connect: Connect = () => {
      throw new TypeError('bad option')
    }
    const probe = new NodeProbe({}, connect, platform, TIMEOUT_MS, () => {})
    await expect(probe.probe()).rejects.toThrow('bad option')
  })

  it('leaves no timer behind', async () => {
    const { probe, server, platform } = bench()
    await probe.probe()
    expect(platform.pendingTimers).toBe(0)
    server.querying = new Error('out of order')
    await expect(probe.probe()).rejects.toThrow('out of order')
    expect(platform.pendingTimers).toBe(0)
  })

  it('the end of a connection that timed out does not touch the next one', async () => {
    const { probe, server, platform, lost } = bench()
    server.connecting = 'is silent'
    server.holdsClosings = true
    const first = outcome(probe.probe())
    await platform.advance(TIMEOUT_MS)
    expect(first.text).toContain('No answer')

    server.connecting = 'answers'
    server.querying = 'is silent'
    const second = outcome(probe.probe())
    await settle()
    // Only now does the first connection report that it has closed.
    for (const hear of server.closings) hear()
    await settle()
    expect(server.newestClient.isClosed).toBe(false)
    expect(second.text).toBe('waits')
    expect(lost).toEqual([])
    server.speakUp()
    await settle()
    expect(second.text).toBe('primary')
    await probe.probe()
    expect(server.connections).toBe(2)
  })

  it('tells at once of a connection that breaks between two probes, and only once', async () => {
    const { probe, server, lost } = bench()
    await probe.probe()
    server.newestClient.breakOff(new Error('terminating connection'))
    expect(lost).toEqual(['terminating connection'])
    await settle()
    expect(lost).toHaveLength(1)
    await expect(probe.probe()).resolves.toMatchObject({ role: 'primary' })
    expect(server.connections).toBe(2)
  })

  it('tells of an end without an error too', async () => {
    const { probe, server, lost } = bench()
    await probe.probe()
    server.newestClient.emit('end')
    expect(lost).toEqual(['Connection terminated unexpectedly'])
  })

  it('a connection that breaks under a probe is reported once: to the caller', async () => {
    const { probe, server, lost } = bench()
    await probe.probe()
    server.querying = 'is silent'
    const seen = outcome(probe.probe())
    await settle()
    server.newestClient.breakOff()
    await settle()
    expect(seen.text).toBe('Connection terminated unexpectedly')
    expect(lost).toEqual([])
  })

  it('close ends the connection without a word of a loss', async () => {
    const { probe, server, lost } = bench()
    await probe.probe()
    await probe.close()
    await settle()
    expect(server.newestClient.isClosed).toBe(true)
    expect(lost).toEqual([])
  })

  it('close lets a probe in flight fail', async () => {
    const { probe, server, platform, lost } = bench()
    server.querying = 'is silent'
    const seen = outcome(probe.probe())
    await settle()
    await probe.close()
    await settle()
    expect(seen.text).toMatch(/^Connection terminated/)
    expect(lost).toEqual([])
    expect(platform.pendingTimers).toBe(0)
  })

  it('close keeps the process alive until the connection has ended, since a caller waits', async () => {
    const { probe, platform } = bench()
    await probe.probe()
    expect(platform.heldOpen).toBe(0)
    const closed = probe.close()
    expect(platform.heldOpen).toBe(1)
    await closed
    expect(platform.heldOpen).toBe(0)
    expect(platform.pendingTimers).toBe(0)
  })

  it('close does not wait for ever for a server that does not hang up', async () => {
    const { probe, server, platform, lost } = bench()
    await probe.probe()
    server.hangsUp = false
    let isClosed = false
    const closed = probe.close().then(() => (isClosed = true))
    await platform.advance(TIMEOUT_MS - 1)
    expect(isClosed).toBe(false)
    await platform.advance(1)
    await closed
    expect(platform.heldOpen).toBe(0)
    expect(lost).toEqual([])
  })

  it('close while connecting does not wait at all', async () => {
    const { probe, server, platform } = bench()
    server.connecting = 'is silent'
    server.hangsUp = false
    const seen = outcome(probe.probe())
    await settle()
    await probe.close()
    await settle()
    expect(server.newestClient.isClosed).toBe(true)
    expect(seen.text).toMatch(/^Connection terminated/)
    expect(platform.pendingTimers).toBe(0)
  })

  it('close of a probe that was never asked', async () => {
    await expect(bench().probe.close()).resolves.toBeUndefined()
  })
})

describe('the connection of a probe', () => {
  it('logs in as the application does, also with a password that is not enumerable', async () => {
    const options = Object.defineProperty({ user: 'app', ssl: true }, 'password', { value: 'sesame' })
    const network = new FakeNetwork()
    const probe = new NodeProbe(options, network.connect, new FakePlatform(), TIMEOUT_MS, () => {})
    await probe.probe()
    expect(network.at('').newestClient.options).toMatchObject({ user: 'app', ssl: true, password: 'sesame' })
  })

  it('says who it is, and leaves the time to the probe', async () => {
    const { probe, server } = bench({ application_name: 'shop', connectionTimeoutMillis: 50 })
    await probe.probe()
    expect(server.newestClient.options).toMatchObject({
      application_name: 'pg-switchyard monitor',
      connectionTimeoutMillis: 0,
    })
  })

  it.each(['types', 'pipeline', 'query_timeout'])(
    'takes over nothing that shapes answers: %s',
    async (name) => {
      const { probe, server } = bench({ [name]: 1 })
      await probe.probe()
      expect(server.newestClient.options).not.toHaveProperty(name)
    },
  )

  it("is the monitor's own: a row of the newest state is read each time", async () => {
    const { probe, server } = bench()
    server.row = replicaRow('0/1000')
    expect((await probe.probe()).role).toBe('replica')
    server.row = primaryRow('0/2000')
    expect((await probe.probe()).role).toBe('primary')
  })
})

describe('progress', () => {
  it('asks only how far the node is, and keeps the rest', async () => {
    const { probe, server, platform } = bench()
    server.row = replicaRow('0/2000')
    const first = await probe.probe()
    server.row = replicaRow('0/3000', 'r', '8000')
    await platform.advance(5)
    expect(await probe.progress()).toEqual({
      ...first,
      lsn: 0x3000n,
      sentAtMs: platform.now(),
      receivedAtMs: platform.now(),
    })
    expect(server).toMatchObject({ probes: 2, asked: { progress: 1 } })
  })

  it('asks everything over a connection that has told nothing yet, and over a new one', async () => {
    const { probe, server } = bench()
    await probe.progress()
    expect(server).toMatchObject({ probes: 1, asked: { progress: 0 } })
    server.newestClient.breakOff()
    await settle()
    await probe.progress()
    expect(server).toMatchObject({ probes: 2, asked: { progress: 0 }, connections: 2 })
  })

  it('asks everything when the role has changed, so that a promotion is seen whole', async () => {
    const { probe, server } = bench()
    server.row = replicaRow('0/2000')
    await probe.probe()
    server.row = primaryRow('0/2000', 'r', '7000', '00000002')
    expect(await probe.progress()).toMatchObject({ role: 'primary', timeline: 2 })
    expect(server).toMatchObject({ probes: 3, asked: { progress: 1 } })
  })
})

describe('a question beside the probes', () => {
  it('waits for what is in flight, and is asked behind it', async () => {
    const { probe, server } = bench()
    const { serverIdentity } = await probe.probe()
    server.querying = 'is silent'
    const seen = outcome(probe.probe())
    const asked = probe.ask(UNFINISHED, serverIdentity)
    await settle()
    expect(server.probes).toBe(2)
    server.speakUp()
    expect((await asked)?.[0]).toBe('primary')
    expect(seen.text).toBe('primary')
    expect(server.connections).toBe(1)
  })

  it('shares no answer with a probe: one that comes meanwhile asks for itself', async () => {
    const { probe, server, platform } = bench()
    const { serverIdentity } = await probe.probe()
    server.querying = 'is silent'
    const asked = probe.ask(UNFINISHED, serverIdentity)
    await settle()
    const probed = probe.probe()
    await platform.advance(7)
    server.row = primaryRow('0/4000')
    server.speakUp()
    await asked
    expect(await probed).toMatchObject({ lsn: 0x4000n, sentAtMs: platform.now() })
    expect(server).toMatchObject({ probes: 3, connections: 1 })
  })

  it('fails in time, and leaves no timer', async () => {
    const { probe, server, platform } = bench()
    const { serverIdentity } = await probe.probe()
    server.querying = 'is silent'
    const failed = probe.ask(UNFINISHED, serverIdentity).catch((error: Error) => error.message)
    await platform.advance(TIMEOUT_MS)
    expect(await failed).toBe('No answer to a probe within 2000 ms')
    expect(platform.pendingTimers).toBe(0)
    server.querying = 'answers'
    expect((await probe.ask(UNFINISHED, serverIdentity))?.[0]).toBe('primary')
  })

  it('does not hold up the end of the connection', async () => {
    const { probe, server, platform, lost } = bench()
    const { serverIdentity } = await probe.probe()
    server.querying = 'is silent'
    const failed = probe.ask(UNFINISHED, serverIdentity).catch((error: Error) => error.message)
    await settle()
    await probe.close()
    expect(await failed).toContain('Connection terminated')
    expect({ timers: platform.pendingTimers, lost }).toEqual({ timers: 0, lost: [] })
  })

  it('that waits for a probe opens no connection after the end', async () => {
    const { probe, server } = bench()
    const { serverIdentity } = await probe.probe()
    server.querying = 'is silent'
    const seen = outcome(probe.probe())
    const asked = probe.ask(UNFINISHED, serverIdentity).catch((error: Error) => error.message)
    await settle()
    await probe.close()
    expect(await asked).toBe('The node is no longer watched')
    expect(seen.text).toContain('Connection terminated')
    expect(server.connections).toBe(1)
  })
})
