import { setServers } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { dnsDiscovery, type AddressResolver } from './dns.ts'
import { functionDiscovery } from './function.ts'
import { srvDiscovery, type SrvResolver } from './srv.ts'

const quiet = new AbortController().signal

function noData(): Promise<never> {
  return Promise.reject(Object.assign(new Error('queryA ENODATA'), { code: 'ENODATA' }))
}

function resolverOf(v4: readonly string[], v6: readonly string[]): AddressResolver {
  const answer = (found: readonly string[]): Promise<readonly string[]> =>
    found.length > 0 ? Promise.resolve(found) : noData()
  return { resolve4: () => answer(v4), resolve6: () => answer(v6), cancel: () => {} }
}

async function hosts(options: Parameters<typeof dnsDiscovery>[0]): Promise<readonly string[]> {
  return (await dnsDiscovery(options).discover(quiet)).map(({ host }) => host)
}

describe('dnsDiscovery', () => {
  it('asks the system as any connection does, hosts file included', async () => {
    // A name of the hosts file needs no DNS server.
    setServers(['127.0.0.1:1'])
    expect(await dnsDiscovery({ name: 'localhost', port: 5433 }).discover(quiet)).toEqual([
      { host: '127.0.0.1', port: 5433 },
    ])
    expect(await hosts({ name: '127.0.0.1' })).toEqual(['127.0.0.1'])
    expect(await hosts({ name: '::1' })).toEqual(['::1'])
    // Too long for anybody to be asked.
    await expect(hosts({ name: 'x'.repeat(300) })).rejects.toThrow('getaddrinfo')
  })

  const [v4, v6] = [
    ['10.0.0.1', '10.0.0.2', '10.0.0.1'],
    ['fd00::1', 'fd00::2'],
  ] as const
  it.each([
    ['IPv4 where there are any', v4, v6, undefined, ['10.0.0.1', '10.0.0.2']],
    ['else IPv6', [], v6, undefined, ['fd00::1', 'fd00::2']],
    ['only IPv6', v4, v6, 6, ['fd00::1', 'fd00::2']],
    ['only IPv4', v4, v6, 4, ['10.0.0.1', '10.0.0.2']],
  ] as const)('takes %s', async (_name, a, aaaa, family, expected) => {
    expect(await hosts({ name: 'db', resolver: resolverOf(a, aaaa), family })).toEqual(expected)
  })

  it('says so when there is no address of the requested family', async () => {
    await expect(hosts({ name: 'db', resolver: resolverOf([], v6), family: 4 })).rejects.toThrow('ENODATA')
  })

  it('does not take another failure for a lack of IPv4', async () => {
    const resolver: AddressResolver = {
      ...resolverOf([], v6),
      resolve4: () => Promise.reject(Object.assign(new Error('queryA ESERVFAIL'), { code: 'ESERVFAIL' })),
    }
    await expect(hosts({ name: 'db', resolver })).rejects.toThrow('ESERVFAIL')
  })

  it('cancels a resolver whose result is not needed any more', async () => {
    const silent = createSocket('udp4')
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const resolver = new Resolver({ timeout: 60_000, tries: 1 })
    resolver.setServers([`127.0.0.1:${silent.address().port}`])
    for (const discovery of [
      dnsDiscovery({ name: 'db.example', resolver }),
      srvDiscovery({ name: '_pg.db.example', resolver }),
    ]) {
      const controller = new AbortController()
      const asked = discovery.discover(controller.signal)
      await once(silent, 'message')
      controller.abort()
      await expect(asked).rejects.toMatchObject({ code: 'ECANCELLED' })
    }
    silent.close()
  })

  it.each([
    [{ name: '' }, '"dnsDiscovery.name" must be a name; received ""'],
    [{ name: 5 }, 'received 5'],
    [{ name: 'a', port: 0 }, '"dnsDiscovery.port" must be an integer from 1 to 65535; received 0'],
    [{ name: 'a', family: 5 }, '"dnsDiscovery.family" must be 4 or 6; received 5'],
    [
      { name: 'a', intervalMs: 99 },
      '"dnsDiscovery.intervalMs" must be a number of milliseconds from 100 to 86400000; received 99',
    ],
    [{ name: 'a', intervalMs: Number.NaN }, 'received NaN'],
  ])('refuses %j', (options, message) => {
    expect(() => dnsDiscovery(options as never)).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    )
  })

  it('looks every 30 seconds unless told otherwise', () => {
    expect(dnsDiscovery({ name: 'a' }).intervalMs).toBe(30_000)
    expect(dnsDiscovery({ name: 'a', intervalMs: 5_000 }).intervalMs).toBe(5_000)
  })
})

describe('srvDiscovery', () => {
  it('gives each record’s name, port and weight; a weight of 0 is a very small one', async () => {
    const records = [
      { name: 'a.example', port: 5432, priority: 0, weight: 100 },
      { name: 'b.example', port: 5433, priority: 10, weight: 0 },
    ]
    const resolver = { resolveSrv: () => Promise.resolve(records), cancel: () => {} }
    expect(await srvDiscovery({ name: '_pg._tcp.example', resolver }).discover(quiet)).toEqual([
      { host: 'a.example', port: 5432, weight: 100 },
      { host: 'b.example', port: 5433, weight: 1 },
    ])
  })

  it.each([
    [undefined],
    [{}],
    ['a'],
    [[null]],
    [[{ name: 'a', port: 1, weight: Symbol('w') }]],
    [[{ name: 5 }]],
  ])('refuses an answer of another form: %o', async (answer) => {
    const resolver = { resolveSrv: async () => answer, cancel: () => {} } as unknown as SrvResolver
    await expect(srvDiscovery({ name: '_pg._tcp.example', resolver }).discover(quiet)).rejects.toMatchObject({
      code: 'SWITCHYARD_BAD_DISCOVERY',
    })
  })

  it('refuses addresses that are no list', async () => {
    const resolver = { resolve4: async () => undefined, cancel: () => {} } as unknown as AddressResolver
    await expect(hosts({ name: 'db', resolver })).rejects.toMatchObject({ code: 'SWITCHYARD_BAD_DISCOVERY' })
  })
})

describe('functionDiscovery', () => {
  it('calls a function, which may answer at once or later, and aborts it when its result is not needed', async () => {
    const signals: AbortSignal[] = []
    const atOnce = functionDiscovery((signal) => {
      signals.push(signal)
      return [{ host: 'a' }]
    })
    expect(await atOnce.discover(quiet)).toEqual([{ host: 'a' }])
    expect(signals).toEqual([quiet])
    const later = functionDiscovery(() => Promise.resolve([{ host: 'b' }]), { intervalMs: 1_000 })
    expect([await later.discover(quiet), later.intervalMs]).toEqual([[{ host: 'b' }], 1_000])
    const broken = functionDiscovery(() => {
      throw new Error('registry is away')
    })
    await expect(broken.discover(quiet)).rejects.toThrow('registry is away')
    expect(() => functionDiscovery('db' as never)).toThrow('"discovery" must be a function; received "db"')
  })
})
