import type { Client } from 'pg'
import type { Cluster, ClusterOptions } from '../../src/test-cluster/index.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { connected } from './support.ts'

/** A primary and its standby, with a connection to each. */
export interface Pair {
  readonly cluster: Cluster
  readonly primary: Client
  readonly standby: Client
  end(): Promise<void>
}

export async function startPair(options: ClusterOptions = {}): Promise<Pair> {
  const cluster = await sharedCluster({ ...options, replicas: 1 })
  try {
    const primary = await connected(cluster.primary.config)
    const standby = await connected(cluster.replicas[0]?.config ?? {})
    const end = async (): Promise<void> => {
      await Promise.all([primary.end(), standby.end()])
      await cluster.stop()
    }
    return { cluster, primary, standby, end }
  } catch (error) {
    await cluster.stop()
    throw error
  }
}
