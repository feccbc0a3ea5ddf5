import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { Browser } from './browser.ts'
import { environmentOf, folder, startExample, startShop, type ExampleServer } from './examples.ts'
import { until } from '../support/servers.ts'
import { promisesOf } from './promises.ts'

const next = `${folder}node_modules/next/dist/bin/next`
const COOKIE = expect.stringMatching(/^switchyard=/) as string

let cluster: Cluster
let server: ExampleServer

beforeAll(async () => {
  cluster = await startShop()
  const env = { ...environmentOf(cluster), NEXT_TELEMETRY_DISABLED: '1' }
  await promisify(execFile)(process.execPath, [next, 'build'], { cwd: `${folder}next`, env })
  server = await startExample(cluster, 'next', (port) => {
    return [process.execPath, next, 'start', '-H', '127.0.0.1', '-p', String(port)]
  })
}, 300_000)

afterAll(async () => {
  await server?.stop()
  await cluster?.stop()
})

// Next.js drops the cookies of a route handler that throws an error.
promisesOf({ cluster: () => cluster, url: () => server.url, keepsTokenOfErrors: false })

/** Sends the form of the page, as a browser without JavaScript does. */
async function submit(browser: Browser, item: string): Promise<Response> {
  const page = await (await browser.ask('/')).text()
  const body = new FormData()
  body.set(/name="(\$ACTION_ID_\w+)"/.exec(page)?.[1] ?? 'no action', '')
  body.set('item', item)
  return browser.ask('/', { method: 'POST', body })
}

it.each([
  ['redirects', 'teapot', 303],
  ['fails', 'piano', 500],
])('writes of a server action that %s are on the next page', async (_, item, status) => {
  await cluster.caughtUp()
  await cluster.replicas[0]?.pauseReplay()
  try {
    const [writer, other] = [new Browser(server.url), new Browser(server.url)]
    const answer = await submit(writer, item)
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([status, [COOKIE]])
    expect(answer.headers.get('cache-control')).toContain('no-store')
    expect(await (await writer.ask('/')).text()).toContain(`<p>${item}</p>`)
    await until('another user reads from the replica', async () => {
      return !(await (await other.ask('/')).text()).includes(`<p>${item}</p>`)
    })
    expect(other.cookies).toBe(0)
  } finally {
    await cluster.replicas[0]?.resumeReplay()
  }
})

it('a redirect that a route handler throws carries the token', async () => {
  const { headers, status } = await new Browser(server.url).ask('/again', { method: 'POST' })
  expect([status, headers.get('location'), headers.getSetCookie()]).toEqual([307, '/', [COOKIE]])
})
