import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectBy } from '../../src/platform/connect.ts'
import { NodeProbe } from '../../src/monitoring/node-probe.ts'
import { systemPlatform } from '../../src/platform/system.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

const TIMEOUT_MS = 300

let cluster: Cluster
let proxy: Server
/** The connections through the proxy: the application's end of each, and the server's. */
const passages: { readonly near: Socket; readonly far: Socket }[] = []

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 0 })
  const { host, port } = cluster.primary.config
  proxy = createServer((near) => {
    const far = connect(port, host)
    passages.push({ near, far })
    near.pipe(far).pipe(near)
    for (const end of [near, far]) end.on('error', () => {})
  })
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  for (const { near, far } of passages) {
    near.destroy()
    far.destroy()
  }
  proxy?.close()
  await cluster?.stop()
})

test('a connection that stalls without closing does not hold up the next probe', async () => {
  const { port } = proxy.address() as AddressInfo
  const options = { ...cluster.primary.config, host: '127.0.0.1', port }
  const probe = new NodeProbe(options, connectBy(Client), systemPlatform, TIMEOUT_MS, () => {})
  try {
    expect(await probe.probe()).toMatchObject({ role: 'primary' })
    const [first] = passages
    // Packets get lost from here on, and nobody is told.
    first?.near.unpipe(first.far)
    first?.far.unpipe(first.near)
    await expect(probe.probe()).rejects.toThrow(`No answer to a probe within ${TIMEOUT_MS} ms`)
    expect(await probe.probe()).toMatchObject({ role: 'primary' })
    expect(passages).toHaveLength(2)
  } finally {
    await probe.close()
  }
})
