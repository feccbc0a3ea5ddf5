import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { folder, startExample, startShop, type ExampleServer } from './examples.ts'
import { promisesOf } from './promises.ts'

const run = promisify(execFile)
const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

let cluster: Cluster

beforeAll(async () => {
  cluster = await startShop()
})
afterAll(() => cluster?.stop())

describe.each([
  ['express', 'server.mjs'],
  ['fastify', 'server.mjs'],
  ['koa', 'server.mjs'],
  ['hono', 'server.mjs'],
  ['fetch', 'server.mjs'],
  ['nestjs', 'build/main.js'],
  ['nestjs', 'build/fastify.js'],
])('%s: %s', (name, program) => {
  let server: ExampleServer

  beforeAll(async () => {
    if (name === 'nestjs') await run(process.execPath, [compiler, '-p', `${folder}${name}`])
    server = await startExample(cluster, name, () => [process.execPath, program])
  })
  afterAll(() => server?.stop())

  promisesOf({ cluster: () => cluster, url: () => server.url, keepsTokenOfErrors: true })
})
