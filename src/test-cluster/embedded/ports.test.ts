import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from './ports.ts'

test('a port that can be listened on, below those of outgoing connections', async () => {
  const port = await freePort()
  expect(port).toBeGreaterThanOrEqual(15_000)
  expect(port).toBeLessThan(32_000)
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
})
