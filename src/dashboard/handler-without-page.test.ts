import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, it, vi } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { EventStream } from '../observability/event-stream.ts'
import { dashboardHandler } from './handler.ts'

vi.mock('./page.ts', () => {
  throw new Error('The file is missing')
})

const pool = {
  events: new EventStream('test').events,
  options: {},
  totalCount: 0,
  idleCount: 0,
  waitingCount: 0,
  ending: false,
  stats: () => ({ nodes: [], catalog: 'builtin' as const, reads: 0, offload: 0 }),
}

it('a page that cannot be loaded answers each request with 500, and ends no process', async () => {
  const handler = dashboardHandler(pool, {}, new FakePlatform(), { isRouted: false, waiting: () => [] })
  const writeHead = vi.fn<(status: number, headers: object) => void>()
  const body = await new Promise((end) => {
    const response = { writeHead, end, destroyed: false, headersSent: false }
    handler({ method: 'GET', url: '/' } as IncomingMessage, response as unknown as ServerResponse)
  })
  expect(writeHead).toHaveBeenCalledWith(
    500,
    expect.objectContaining({ 'content-type': 'text/plain; charset=utf-8' }),
  )
  expect(body).toContain('could not be loaded')
})
