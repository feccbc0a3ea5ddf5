import { Socket, connect as connectTo, createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { watchForBypass } from './bypass.ts'

let server: Server
let port: number
beforeAll(async () => {
  server = createServer((socket) => socket.end())
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => void server.close())

const own = Socket.prototype.connect
const closed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => socket.on('error', resolve).on('close', resolve).resume())

test.each<readonly [name: string, open: () => Socket]>([
  ['a port and a host', () => new Socket().connect(port, 'localhost')],
  ['a port', () => new Socket().connect(port)],
  ['options', () => new Socket().connect({ port, host: '127.0.0.1' })],
  ['net.connect()', () => connectTo(port, '127.0.0.1')],
  ['options of net.connect()', () => connectTo({ port: port, host: 'LOCALHOST' })],
])('a connection to the database is noticed once: %s', async (_name, open) => {
  let count = 0
  watchForBypass({ servers: [`localhost:${port}`], database: undefined, user: undefined }, () => (count += 1))
  await closed(open())
  await closed(open())
  expect(count).toBe(1)
  expect(Socket.prototype.connect).toBe(own)
})

test('others are not, and none after the end', async () => {
  let count = 0
  const servers = [`elsewhere:${port}`, `localhost:${port + 1}`]
  const end = watchForBypass({ servers, database: undefined, user: undefined }, () => (count += 1))
  await closed(connectTo(port, '127.0.0.1'))
  await closed(new Socket().connect('/nowhere/at/all.sock'))
  end()
  expect(Socket.prototype.connect).toBe(own)
  expect(count).toBe(0)
})

test('another wrapper stays in place', async () => {
  let count = 0
  const end = watchForBypass(
    { servers: [`localhost:${port}`], database: undefined, user: undefined },
    () => (count += 1),
  )
  const watched = Socket.prototype.connect
  const wrapper = function (this: Socket, ...args: Parameters<typeof watched>): Socket {
    return watched.apply(this, args)
  } as typeof watched
  Socket.prototype.connect = wrapper
  end()
  expect(Socket.prototype.connect).toBe(wrapper)
  await closed(connectTo(port, '127.0.0.1'))
  expect(count).toBe(0)
  Socket.prototype.connect = own
})
