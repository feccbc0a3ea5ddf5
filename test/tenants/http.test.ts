import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sessionHandler, sessionMiddleware } from '../../src/http/index.ts'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolsForTests, startClusterWith } from '../support/ground.ts'
import { TENANT_SCHEMA } from './schema.ts'

let cluster: Cluster
const poolFor = poolsForTests(() => cluster, { max: 4 })

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, TENANT_SCHEMA)
})
afterAll(() => cluster?.stop())

async function tenants(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ tenant: string }>('select distinct tenant from rows order by 1')
  return rows.map(({ tenant }) => tenant).join()
}

it('the middleware gives each request the settings of its tenant', async () => {
  const pool = await poolFor()
  const settings = ({ headers }: IncomingMessage): Record<string, string> => {
    if (headers['x-tenant'] === undefined) throw new Error('no tenant')
    return { 'app.tenant': String(headers['x-tenant']) }
  }
  const middleware = sessionMiddleware({ pool, settings, role: 'app_user' })
  const server = createServer((request, response) => {
    const fail = (error: Error): void => void response.writeHead(500).end(error.message)
    try {
      void middleware(request, response, () => tenants(pool).then((text) => response.end(text), fail))
    } catch (error) {
      fail(error as Error)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const asked = ['1', '2', '3', '4', '1', '2'].map(async (tenant) =>
    (await fetch(url, { headers: { 'x-tenant': tenant } })).text(),
  )
  expect(await Promise.all(asked)).toEqual(['1', '2', '3', '4', '1', '2'])
  expect(await (await fetch(url)).text()).toBe('no tenant')
  expect(await tenants(pool)).toBe('1,2,3,4,5')
  await new Promise((resolve) => server.close(resolve))
})

it('the handler gives each request the settings of its tenant', async () => {
  const pool = await poolFor()
  const settings = (request: Request): Record<string, string> => ({
    'app.tenant': new URL(request.url).pathname.slice(1),
  })
  const handler = sessionHandler(
    { pool, settings, role: () => 'app_user' },
    async () => new Response(await tenants(pool)),
  )
  const answers = ['5', '4'].map(async (tenant) => (await handler(new Request(`http://a/${tenant}`))).text())
  expect(await Promise.all(answers)).toEqual(['5', '4'])
  const refused = [{ 'a b': '1' }, new Map([['app.tenant', '1']]), Promise.resolve({ 'app.tenant': '1' })]
  for (const given of refused) {
    const wrong = sessionHandler(
      { pool, settings: () => given as Record<string, string> },
      () => new Response(),
    )
    await expect(wrong(new Request('http://a/'))).rejects.toMatchObject({ code: 'SWITCHYARD_INVALID_OPTION' })
  }
})
