import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ask } from './servers.ts'
import { failed, ready, rowsOf, startupAnswer } from './wire.ts'

let server: Server
afterEach(() => void server.close())

const shutsDown = failed({ code: '57P01', message: 'the server shuts down', severity: 'FATAL' })

test('a server that shuts down right behind its answer has answered', async () => {
  server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(startupAnswer(1, {}))
      socket.once('data', () =>
        socket.write(Buffer.concat([rowsOf({ command: 'SELECT 0' }), ready('I'), shutsDown])),
      )
    })
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(await ask({ host: '127.0.0.1', port, user: 'app', ssl: false }, 'select')).toEqual([])
})
