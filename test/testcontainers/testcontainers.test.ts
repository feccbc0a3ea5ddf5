import * as library from 'testcontainers'
import { expect, test } from 'vitest'
import { startCluster } from '../../src/test-cluster/index.ts'
import type { Testcontainers } from '../../src/test-cluster/testcontainers/library.ts'
import { column, replicaAt } from '../test-cluster/sql.ts'

// The compiler compares our types of the package with its own.
const { getContainerRuntimeClient }: Testcontainers = library

const docker = await getContainerRuntimeClient().then(
  () => true,
  () => false,
)

test.skipIf(docker)('without a Docker engine there is one clear line', async () => {
  await expect(startCluster({ backend: 'testcontainers' })).rejects.toMatchObject({
    code: 'SWITCHYARD_TEST_CLUSTER',
    message: 'the testcontainers backend needs Docker: no Docker engine answers',
  })
})

test.skipIf(!docker)(
  `a cluster of containers has the same levers${docker ? '' : ' (skipped: no Docker engine answers)'}`,
  { timeout: 300_000 },
  async () => {
    await using cluster = await startCluster({ backend: 'testcontainers', replicas: 2, timeoutMs: 120_000 })
    await column(cluster.primary.config, 'CREATE TABLE t AS SELECT 1 AS a')
    const node = replicaAt(cluster, 0)
    await node.pauseReplay()
    await expect(cluster.caughtUp()).rejects.toThrow('replay is paused')
    await node.resumeReplay()
    for (const end of [() => node.stop('fast'), () => node.stop('immediate'), () => node.kill()]) {
      await end()
      await node.start()
    }
    await node.freeze()
    await expect(column(node.config, 'SELECT 1')).rejects.toThrow('timeout')
    await node.thaw()
    await cluster.promote(1)
    await column(cluster.primary.config, 'INSERT INTO t VALUES (2)')
    await cluster.caughtUp()
    for (const each of cluster.nodes) expect(await column(each.config, 'SELECT a FROM t')).toEqual([1, 2])
  },
)
