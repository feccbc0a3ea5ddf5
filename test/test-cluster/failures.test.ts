import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EmbeddedBackend } from '../../src/test-cluster/embedded/backend.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { resolveOptions } from '../../src/test-cluster/options.ts'
import { contents, makePlace, removePlace } from './owner.ts'
import { column, replicaAt } from './sql.ts'

let place: string

beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => removePlace(place))

const code = 'SWITCHYARD_TEST_CLUSTER'

test('a setting that the server refuses is told in its own words, and nothing is left', async () => {
  const starting = startCluster({ directory: place, settings: { shared_bufers: '1GB' } })
  await expect(starting).rejects.toMatchObject({
    code,
    message: expect.stringMatching(
      /^node1 did not start:\n.*unrecognized configuration parameter "shared_bufers"/s,
    ),
  })
  expect(await contents(place)).toEqual([])
})

test('a port that somebody took while its server was down is told in the words of the server', async () => {
  await using cluster = await startCluster({ replicas: 1, directory: place })
  const node = replicaAt(cluster, 0)
  await node.stop()
  const thief = createServer().listen(node.config.port, '127.0.0.1')
  await once(thief, 'listening')
  await expect(node.start()).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^node2 did not start:\n.*Address already in use/s),
  })
  expect(node.running).toBe(false)
  thief.close()
  await once(thief, 'close')
  await node.start()
  expect(await column(node.config, 'SELECT 1')).toEqual([1])
})

test('a port that somebody takes before the first start is exchanged for another', async () => {
  const backend = await EmbeddedBackend.open(resolveOptions({ directory: place }, {}))
  try {
    const primary = await backend.createPrimary('node1')
    const standby = await backend.createStandby('node2')
    const { port } = standby.config
    const thief = createServer().listen(port, '127.0.0.1')
    await once(thief, 'listening')
    await backend.copy(primary, [standby])
    await standby.start()
    expect(standby.config.port).not.toBe(port)
    expect(await column(standby.config, 'SELECT pg_is_in_recovery()')).toEqual([true])
    thief.close()
  } finally {
    await backend.close()
  }
})

test('a server that does not get ready in time is ended, with its log in the error', async () => {
  await expect(startCluster({ replicas: 0, directory: place, timeoutMs: 1 })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(
      /^node1 did not start:\ntimed out after 1 ms waiting for connections to be accepted/,
    ),
  })
  expect(await contents(place)).toEqual([])
})

test('a directory without programs', async () => {
  await expect(startCluster({ directory: place, binDir: join(place, 'nowhere') })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/nowhere\/\w+ cannot be run: .*ENOENT/),
  })
})

test('a PostgreSQL that is too old', async () => {
  const binDir = join(place, 'old')
  await mkdir(binDir)
  for (const program of ['initdb', 'postgres']) {
    await writeFile(join(binDir, program), `#!/bin/sh\necho '${program} (PostgreSQL) 12.22'\n`, {
      mode: 0o755,
    })
  }
  await chmod(binDir, 0o755)
  await expect(startCluster({ directory: place, binDir })).rejects.toMatchObject({
    code: 'SWITCHYARD_INVALID_OPTION',
    message: `binDir must be the directory of PostgreSQL 13 or later; received ${binDir}, which is of PostgreSQL 12`,
  })
})

test('a place where no directory can be made', async () => {
  await expect(startCluster({ directory: join(place, 'nowhere') })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^no directory can be made in .*nowhere: /),
  })
})

test('a cluster that was stopped starts nothing any more', async () => {
  const cluster = await startCluster({ replicas: 1, directory: place })
  await cluster.stop()
  await cluster.stop()
  await expect(cluster.primary.start()).rejects.toMatchObject({
    code,
    message: 'node1 cannot be started: its cluster was stopped',
  })
  expect(await contents(place)).toEqual([])
})
