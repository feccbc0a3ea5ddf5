import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { until } from '../support/servers.ts'
import { runDemo, startDemo } from './command.ts'

test('--page serves the live page of the pool until the demo ends', async () => {
  const demo = startDemo('--page', '--port', '0', '--seconds', '5', '--json')
  let told = ''
  demo.process.stderr?.on('data', (text: string) => (told += text))
  await until('the address is printed', () => told.endsWith('\n'))
  const url = /^The live page is at (http:\/\/localhost:\d+\/)\n$/.exec(told)?.[1] ?? ''

  // Before the servers have started it asks for patience.
  let page = ''
  await until(
    'the page is there',
    async () => {
      const response = await fetch(url)
      page = await response.text()
      return response.ok
    },
    30_000,
  )
  expect(page).toContain('<!doctype html>')
  const data: unknown = await (await fetch(`${url}data`)).json()
  expect(data).toMatchObject({ title: 'pg-switchyard demo', isRouted: true, nodes: { length: 3 } })

  const { code } = await demo.ended
  expect(code).toBe(0)
  await expect(fetch(url)).rejects.toThrow('fetch failed')
}, 90_000)

test('a port that is taken: one line, exit code 1, and no server is started', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const { code, stderr, stdout } = await runDemo('--page', '--port', String(port))
  server.close()
  expect([code, stdout.trim()]).toEqual([1, ''])
  expect(stderr).toBe(`pg-switchyard demo: Port ${port} is in use: choose another one with "--port"\n`)
})
