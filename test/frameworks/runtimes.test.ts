import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startExample, startShop, type ExampleServer } from './examples.ts'
import { promisesOf } from './promises.ts'

const programs = fileURLToPath(new URL('../runtimes/node_modules/.bin/', import.meta.url))

let cluster: Cluster

beforeAll(async () => {
  cluster = await startShop()
})
afterAll(() => cluster?.stop())

describe.each([
  ['bun', () => ['handler.mjs']],
  ['deno', (port) => ['serve', '-A', '--host', '127.0.0.1', '--port', String(port), 'handler.mjs']],
] as const satisfies [string, (port: number) => string[]][])('Request and Response on %s', (name, args) => {
  let server: ExampleServer

  beforeAll(async () => {
    server = await startExample(cluster, 'fetch', (port) => [`${programs}${name}`, ...args(port)])
  })
  afterAll(() => server?.stop())

  promisesOf({ cluster: () => cluster, url: () => server.url, keepsTokenOfErrors: true })
})
