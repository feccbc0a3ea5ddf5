import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { ask, until } from '../support/servers.ts'

// A route handler of Next.js, built and started as its documentation says, without a configuration.

const next = createRequire(import.meta.url).resolve('next/dist/bin/next')
let cluster: Cluster
let app: string
beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table notes as select 1 as a')
  await cluster.caughtUp()
  app = mkdtempSync(join(import.meta.dirname, 'next-app-'))
  cpSync(join(import.meta.dirname, 'app'), join(app, 'app'), { recursive: true })
})
afterAll(async () => {
  if (app !== undefined) rmSync(app, { recursive: true, force: true })
  await cluster?.stop()
})

function environment(): NodeJS.ProcessEnv {
  const replicas = cluster.replicas.map(({ config }) => config)
  // Vitest sets NODE_ENV, and Next.js has its own opinion of it.
  const { NODE_ENV: _, ...own } = process.env
  const CONFIG = JSON.stringify({ ...cluster.primary.config, replicas })
  return { ...own, NEXT_TELEMETRY_DISABLED: '1', CONFIG }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test.each(['--turbopack', '--webpack'])(
  'next build %s makes a server that reads from a replica',
  async (bundler) => {
    execFileSync(process.execPath, [next, 'build', bundler], { cwd: app, env: environment(), stdio: 'pipe' })
    const port = await freePort()
    const started: ChildProcess = spawn(
      process.execPath,
      [next, 'start', '-H', '127.0.0.1', '-p', `${port}`],
      {
        cwd: app,
        env: environment(),
        stdio: 'ignore',
      },
    )
    try {
      let answer: unknown
      await until('the server answers', async () => {
        const response = await fetch(`http://127.0.0.1:${port}/reads`).catch(() => undefined)
        answer = await response?.json()
        return answer !== undefined
      })
      expect(answer).toEqual({ rows: [{ n: 1 }], replica: 20 })
    } finally {
      started.kill('SIGKILL')
    }
  },
  240_000,
)
