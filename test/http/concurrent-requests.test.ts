import { EventEmitter, once } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sessionHandler } from '../../src/http/index.ts'
import { laterToken } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'

let cluster: Cluster
const poolFor = poolsForTests(() => cluster, { max: 4 })

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(3))
})
afterAll(() => cluster?.stop())

const WRITE = 'update items set label = label where id = 1'

// A browser keeps the cookie that arrives last.
it('the response that comes last has a token that covers the responses before it', async () => {
  const [pool, otherProcess] = [await poolFor(), await poolFor()]
  const steps = new EventEmitter()
  const written = once(steps, 'written')
  const goOn = once(steps, 'go on')
  const slow = sessionHandler({ pool }, async () => {
    await pool.query(WRITE)
    // Its position is known from here on, and a response need not ask for it.
    await pool.withSession((session) => session.token())
    steps.emit('written')
    await goOn
    return new Response()
  })
  const quick = sessionHandler({ pool: otherProcess }, async () => {
    await otherProcess.query(WRITE)
    return new Response()
  })
  const last = slow(new Request('http://localhost/'))
  await written
  const first = (await quick(new Request('http://localhost/'))).headers.get('x-switchyard-token') ?? ''
  steps.emit('go on')
  const second = (await last).headers.get('x-switchyard-token') ?? ''
  expect(laterToken(second, first)).toBe(second)
})
