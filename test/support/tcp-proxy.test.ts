import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ask, until } from './servers.ts'
import { sharedCluster } from './shared-cluster.ts'
import { startProxy, type TcpProxy } from './tcp-proxy.ts'

/** Long enough for what is not held back to arrive on this machine. */
const AMPLE_MS = 100

const ample = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, AMPLE_MS))

let server: Server
let proxy: TcpProxy
/** The server's ends. */
let sockets: Socket[] = []
let clients: Socket[] = []

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

beforeEach(async () => {
  proxy = await startProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
})

afterEach(async () => {
  for (const socket of [...clients, ...sockets]) socket.destroy()
  clients = []
  sockets = []
  await proxy.close()
})

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
})

/** A client behind the proxy, and all it has heard. */
async function dial(): Promise<{ socket: Socket; heard: () => string; closed: () => boolean }> {
  const { host, port } = proxy.config
  const socket = connect({ host, port, allowHalfOpen: true })
  clients.push(socket)
  let heard = ''
  let closed = false
  socket.on('data', (chunk) => (heard += String(chunk)))
  socket.on('error', () => {})
  socket.on('close', () => (closed = true))
  await once(socket, 'connect')
  return { socket, heard: () => heard, closed: () => closed }
}

describe('a proxy', () => {
  it('passes both ways, and counts who is connected', async () => {
    const [one, two] = [await dial(), await dial()]
    one.socket.write('hello')
    two.socket.write('world')
    await until('both are answered', () => one.heard() === 'hello' && two.heard() === 'world')
    expect(proxy.connections).toBe(2)
    one.socket.end()
    await until('the other is left', () => proxy.connections === 1)
  })

  it('leaves a half-closed connection half-closed', async () => {
    const { socket, heard } = await dial()
    await until('the server has it', () => sockets.length === 1)
    const [behind] = sockets
    let received = ''
    behind
      ?.unpipe()
      .on('data', (chunk) => (received += String(chunk)))
      .resume()
    socket.end('last words')
    await until('the server has heard all', () => behind?.readableEnded === true)
    expect(received).toBe('last words')
    behind?.end('an answer all the same')
    await until('it arrives', () => heard() === 'an answer all the same')
    await until('nobody is connected', () => proxy.connections === 0)
  })

  it('makes the sender wait while the receiver does not read', async () => {
    const { socket } = await dial()
    await until('the server has it', () => sockets.length === 1)
    sockets[0]?.unpipe().pause()
    const block = Buffer.alloc(1024 * 1024)
    let accepted = 0
    while (accepted < 256 && (socket.write(block) || (await Promise.race([once(socket, 'drain'), ample()]))))
      accepted += 1
    expect(accepted).toBeLessThan(64)
    let received = 0
    sockets[0]?.on('data', (chunk: Buffer) => (received += chunk.length)).resume()
    await until('all arrives', () => received === (accepted + 1) * block.length)
  })

  it('tells the client when the server hangs up or is not there', async () => {
    const { socket, closed } = await dial()
    socket.write('x')
    await until('the server has it', () => sockets.length === 1)
    sockets[0]?.resetAndDestroy()
    await until('the client is closed', closed)
    await using toNobody = await startProxy({ host: '127.0.0.1', port: 1 })
    const refused = connect(toNobody.config)
    await expect(once(refused, 'close')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('stall', () => {
  it('passes nothing and closes nothing, until resume', async () => {
    const old = await dial()
    old.socket.write('a')
    await until('it is answered', () => old.heard() === 'a')
    proxy.stall()
    const fresh = await dial()
    old.socket.write('b')
    fresh.socket.write('c')
    sockets[0]?.write('from the server')
    await ample()
    expect([old.heard(), fresh.heard(), sockets.length]).toEqual(['a', '', 1])
    expect([old.closed(), fresh.closed(), proxy.connections]).toEqual([false, false, 2])
    proxy.resume()
    await until('everything has arrived', () => old.heard() === 'afrom the serverb' && fresh.heard() === 'c')
  })

  it('keeps ends and resets to itself, until resume', async () => {
    const [ended, reset] = [await dial(), await dial()]
    ended.socket.write('1')
    reset.socket.write('2')
    await until('both are answered', () => ended.heard() + reset.heard() === '12')
    proxy.stall()
    sockets[0]?.resetAndDestroy()
    sockets[1]?.end('bye')
    await ample()
    expect([ended.closed(), reset.closed(), reset.heard()]).toEqual([false, false, '2'])
    proxy.resume()
    await until('both know', () => ended.closed() && reset.heard() === '2bye')
  })
})

describe('delay', () => {
  it('holds everything back, each way, in order', async () => {
    const { socket, heard } = await dial()
    proxy.delay(60)
    const sentAtMs = performance.now()
    socket.write('slow ')
    await until('it arrives', () => heard() === 'slow ')
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(120)
    socket.write('first ')
    await until('the proxy has it', () => socket.writableLength === 0)
    await ample()
    proxy.delay(0)
    socket.write('second')
    await until('both arrive', () => heard() === 'slow first second')
  })

  it('and what it holds back, a stall keeps', async () => {
    const { socket, heard } = await dial()
    await until('the server has it', () => sockets.length === 1)
    proxy.delay(AMPLE_MS / 2)
    socket.write('x')
    await new Promise((resolve) => setTimeout(resolve, AMPLE_MS / 5))
    proxy.stall()
    await ample()
    expect(sockets[0]?.bytesRead).toBe(0)
    proxy.resume()
    await until('it arrives', () => heard() === 'x')
  })
})

describe('cut and restore', () => {
  it('ends what is open and refuses what is new, then takes connections on the same port', async () => {
    const { closed } = await dial()
    const { port } = proxy.config
    await until('the server has it', () => sockets.length === 1)
    await proxy.cut()
    await until('both ends know', () => closed() && sockets[0]?.closed === true)
    expect(proxy.connections).toBe(0)
    await expect(dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await proxy.restore()
    await proxy.restore()
    expect(proxy.config.port).toBe(port)
    const again = await dial()
    again.socket.write('back')
    await until('it is answered', () => again.heard() === 'back')
  })

  it('ends what is stalled, too', async () => {
    proxy.stall()
    const { closed } = await dial()
    await until('it is accepted', () => proxy.connections === 1)
    await proxy.cut()
    await until('it is closed', closed)
  })
})

it('carries PostgreSQL: an answer comes through, and stalled, node-postgres gives up in time', async () => {
  await using cluster = await sharedCluster({ replicas: 0 })
  await using between = await startProxy(cluster.primary.config)
  const config = { ...cluster.primary.config, ...between.config }
  expect(await ask(config, 'select 1 as one')).toEqual([{ one: 1 }])
  const client = new Client({ ...config, query_timeout: 200 })
  client.on('error', () => {})
  await client.connect()
  between.stall()
  await expect(client.query('select 1')).rejects.toThrow('Query read timeout')
  await expect(ask({ ...config, connectionTimeoutMillis: 200 }, 'select 1')).rejects.toThrow('timeout')
  between.resume()
  expect(await ask(config, 'select 2 as two')).toEqual([{ two: 2 }])
  await client.end()
})

describe('forget', () => {
  it('ends connections for the server alone, and passes new ones on', async () => {
    const { closed, heard, socket } = await dial()
    socket.write('x')
    await until('it is answered', () => heard() === 'x')
    proxy.forget()
    await until('the server has seen the end', () => sockets[0]?.closed === true)
    socket.write('lost')
    const next = await dial()
    next.socket.write('y')
    await until('the new one is answered', () => next.heard() === 'y')
    await ample()
    expect([heard(), closed()]).toEqual(['x', false])
  })
})
