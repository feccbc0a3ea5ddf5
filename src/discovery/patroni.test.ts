import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../../test/support/servers.ts'
import { patroniDiscovery, type PatroniDiscoveryOptions } from './patroni.ts'

const quiet = new AbortController().signal
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) end(server)
})

function end(server: Server): void {
  server.closeAllConnections()
  server.close()
}

async function listen(server: Server): Promise<string> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A Patroni of which a test says what it answers, and what it was asked. */
async function api(answer: RequestListener): Promise<{ url: string; asked: string[]; end: () => void }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  return { url: `http://${await listen(server)}`, asked, end: () => end(server) }
}

const clusterOf =
  (host: string, ...apis: readonly string[]): RequestListener =>
  (_request, response) => {
    const others = apis.map((url) => ({ name: url, api_url: `${url}/patroni` }))
    response.end(JSON.stringify({ members: [{ host, port: 5432 }, ...others] }))
  }

async function hosts(options: PatroniDiscoveryOptions): Promise<readonly string[]> {
  return (await patroniDiscovery(options).discover(quiet)).map(({ host }) => host)
}

const nobody = 'http://127.0.0.1:1'
/** Long enough for a busy machine to answer, and short enough to be waited for. */
const timeoutMs = 500

/** Sends a byte from time to time, and never ends. */
const dripping: RequestListener = (_request, response) => {
  const drip = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(drip))
}

describe('patroniDiscovery', () => {
  it('gives up a member that drips, and asks it last the next time', async () => {
    const slow = await api(dripping)
    const good = await api(clusterOf('a'))
    const discovery = patroniDiscovery({ urls: [slow.url, good.url], timeoutMs })
    for (let look = 0; look < 2; look++) {
      expect((await discovery.discover(quiet)).map(({ host }) => host)).toEqual(['a'])
    }
    expect(slow.asked.length).toBe(1)
    expect(good.asked.length).toBe(2)
  })

  it('a look that was cut short is followed by one that begins elsewhere', async () => {
    const slow = await api(dripping)
    const good = await api(clusterOf('a'))
    const discovery = patroniDiscovery({ urls: [slow.url, good.url], timeoutMs: 60_000 })
    const look = new AbortController()
    const failed = discovery.discover(look.signal)
    await until('it is asked', () => slow.asked.length === 1)
    look.abort(new Error('no time left'))
    await expect(failed).rejects.toThrow('no time left')
    expect((await discovery.discover(quiet)).map(({ host }) => host)).toEqual(['a'])
    expect(slow.asked.length).toBe(1)
  })

  it('asks GET /cluster, below a path if there is one', async () => {
    const { url, asked } = await api(clusterOf('a'))
    expect(await hosts({ urls: [url] })).toEqual(['a'])
    expect(await hosts({ urls: [new URL(`${url}/behind/a/proxy`)] })).toEqual(['a'])
    expect(asked).toEqual(['GET /cluster', 'GET /behind/a/proxy/cluster'])
  })

  const failing: readonly [string, RequestListener | undefined, RegExp][] = [
    ['refuses', undefined, /ECONNREFUSED/],
    ['answers 503', (_, response) => response.writeHead(503).end('{"members":[]}'), /status 503/],
    ['answers no JSON', (_, response) => response.end('<html>'), /no JSON/],
    ['answers something else', (_, response) => response.end('{}'), /"members" must be an array/],
    ['answers without end', (_, response) => response.write('x'.repeat(2_000_000)), /more than 1048576/],
    ['hangs up', (request) => request.socket.destroy(), /socket hang up/],
    ['hangs up half-way', (_, response) => response.write('{', () => response.destroy()), /aborted/],
    ['is silent', () => {}, /no answer within 500 ms/],
    ['falls silent half-way', (_, response) => response.write('{'), /no answer within 500 ms/],
  ]

  it.each(failing)('goes on to the next when one %s', async (_name, answer, message) => {
    const bad = answer === undefined ? { url: nobody } : await api(answer)
    const good = await api(clusterOf('b'))
    expect(await hosts({ urls: [bad.url, good.url], timeoutMs })).toEqual(['b'])
    await expect(hosts({ urls: [bad.url], timeoutMs })).rejects.toMatchObject({
      code: 'SWITCHYARD_BAD_DISCOVERY',
      message: expect.stringMatching(message),
    })
  })

  it('without an answer, says what each one did, without passwords', async () => {
    const silent = await api(() => {})
    const urls = [silent.url, 'http://joe:secret@127.0.0.1:1']
    const error = await hosts({ urls, timeoutMs }).catch(String)
    expect(error).toContain(
      `GET ${silent.url}/cluster: no answer within ${timeoutMs} ms; GET ${nobody}/cluster: connect`,
    )
    expect(error).not.toContain('secret')
  })

  it('asks the one that answered last first, and those it learned of when the given ones are gone', async () => {
    const learned = await api(clusterOf('of the learned'))
    const second = await api(clusterOf('of the second', learned.url))
    const first = await api((_, response) => response.writeHead(503).end())
    const discovery = patroniDiscovery({ urls: [first.url, second.url] })
    const look = async (): Promise<string | undefined> => (await discovery.discover(quiet))[0]?.host
    expect([await look(), await look(), await look()]).toEqual(Array(3).fill('of the second'))
    expect([first.asked.length, second.asked.length]).toEqual([1, 3])
    second.end()
    expect(await look()).toBe('of the learned')
    expect(first.asked).toHaveLength(2)
  })

  it('ends the request when its result is not needed any more, and sends no other', async () => {
    let hungUp = false
    const silent = await api((request) => request.socket.on('close', () => (hungUp = true)))
    const other = await api(clusterOf('b'))
    const controller = new AbortController()
    const discovery = patroniDiscovery({ urls: [silent.url, other.url], timeoutMs: 60_000 })
    const asked = discovery.discover(controller.signal)
    await until('it was asked', () => silent.asked.length === 1)
    controller.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
    await until('the connection is closed', () => hungUp)
    expect(other.asked).toEqual([])
  })

  it('keeps no process alive', async () => {
    const sockets = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length
    const silent = await api(() => {})
    const before = sockets()
    const asked = patroniDiscovery({ urls: [silent.url], timeoutMs: 200 }).discover(quiet)
    await Promise.all([
      expect(asked).rejects.toThrow('no answer within 200 ms'),
      // The server's end is one that does.
      until('it was asked', () => silent.asked.length === 1).then(() => expect(sockets()).toBe(before + 1)),
    ])
  })

  it.each([
    [{ urls: [] }, '"patroniDiscovery.urls" must be a list of at least one http or https address'],
    [{ urls: 'http://a' }, 'received "http://a"'],
    [
      { urls: ['http://a', 'a:8008'] },
      '"patroniDiscovery.urls[1]" must be an http or https address; received "a:8008"',
    ],
    [{ urls: ['nowhere'] }, 'received "nowhere"'],
    [
      { urls: ['http://a'], timeoutMs: 0 },
      '"patroniDiscovery.timeoutMs" must be a number of milliseconds from 1',
    ],
    [{ urls: ['http://a'], intervalMs: 10 }, '"patroniDiscovery.intervalMs" must be'],
  ])('refuses %j', (options, message) => {
    expect(() => patroniDiscovery(options as never)).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    )
  })
})

const OPENSSL = 'openssl'

/** A certificate for localhost that signs itself; undefined without the program openssl. */
function selfSigned(): { key: Buffer; cert: Buffer } | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'pg-switchyard-tls-'))
  try {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
    const request =
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1'
    execFileSync(OPENSSL, [...request.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return undefined
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const tls = selfSigned()

describe.skipIf(tls === undefined)(
  `patroniDiscovery over https${tls === undefined ? ' (skipped: no openssl to make a certificate)' : ''}`,
  () => {
    it('trusts only the given CA, and shows its own certificate', async () => {
      if (tls === undefined) return
      const { key, cert } = tls
      const server = createTlsServer({ key, cert, ca: cert, requestCert: true }, clusterOf('a'))
      const url = `https://${await listen(server)}`
      expect(await hosts({ urls: [url], tls: { ca: cert, cert, key } })).toEqual(['a'])
      await expect(hosts({ urls: [url], tls: { ca: cert } })).rejects.toThrow(/ECONNRESET|certificate/)
      await expect(hosts({ urls: [url], tls: { cert, key } })).rejects.toThrow('self-signed certificate')
      expect(await hosts({ urls: [url], tls: { cert, key, rejectUnauthorized: false } })).toEqual(['a'])
    })
  },
)
