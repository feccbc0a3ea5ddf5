import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool, type PoolOptions } from '../../src/index.ts'

/**
 * One of two processes of an application: it writes to the register that a request names, and answers with the version and
 * with the session's token. Its parent tells it where the database is, hears its port, and ends it by letting go.
 */
const [options] = (await once(process, 'message')) as [PoolOptions]
const pool = new Pool({ ...options, logger: false })

const server = createServer((request, response) => {
  const register = Number(request.url?.slice(1))
  pool
    .withSession(async (session) => {
      const { rows } = await pool.query<{ version: number }>(
        'update registers set version = version + 1 where id = $1 returning version',
        [register],
      )
      response.setHeader('x-switchyard-token', (await session.token()) ?? '')
      response.end(String(rows[0]?.version))
    })
    .catch((error: unknown) => response.writeHead(500).end(String(error)))
})
// Else it ends idle connections at the moment when the next request comes.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.((server.address() as AddressInfo).port)

await once(process, 'disconnect')
server.closeAllConnections()
server.close()
await pool.end()
