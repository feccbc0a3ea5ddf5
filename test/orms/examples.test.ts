import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { ask } from '../support/servers.ts'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../../examples/orms/', import.meta.url))
const helpers = ['servers.mjs', 'prisma-client.mjs']
const programs = readdirSync(folder).filter((name) => name.endsWith('.mjs') && !helpers.includes(name))

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
})

afterAll(async () => {
  await cluster.stop()
})

describe('examples of ORMs', () => {
  it.each(programs)('%s runs', async (name) => {
    await ask(cluster.primary.config, `create database "${name}"`)
    await cluster.caughtUp()
    const urls = [cluster.primary, ...cluster.replicas].map((node) => urlOf(node, name))
    const env = { ...process.env, DATABASE_URL: urls[0], DATABASE_REPLICA_URLS: urls.slice(1).join() }
    const { stdout, stderr } = await run(process.execPath, [`${folder}${name}`], { env })
    expect(stdout).toMatch(/right after the write: .*name: 'Turku'/)
    expect(stdout).toMatch(/(9\d|100) % of \d+ reads from replicas|1 of 1 replicas have answered/)
    expect(stderr).toBe('')
  })

  it('are one for each ORM', () => {
    expect(programs.map((name) => name.replace('.mjs', '')).toSorted()).toEqual([
      'drizzle',
      'knex',
      'kysely',
      'mikro-orm',
      'objection',
      'pg-promise',
      'prisma',
      'sequelize',
      'typeorm',
    ])
  })
})

function urlOf({ config }: ClusterNode, database: string): string {
  const { host, port, user, password } = config
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`
}
