import type { Client } from 'pg'
import {
  findPostgres,
  startCluster,
  type Cluster,
  type ClusterOptions,
} from '../../src/test-cluster/index.ts'
import { connected } from './support.ts'

interface ServerVersion {
  readonly server: string
  readonly version: number
  readonly options: ClusterOptions
}

const installed = findPostgres(15)

/** The newest PostgreSQL, and the oldest if it is installed. */
export const servers: readonly ServerVersion[] = [
  { server: 'PostgreSQL 18', version: 18, options: {} },
  ...(installed === undefined
    ? []
    : [{ server: 'PostgreSQL 15', version: 15, options: { binDir: installed } }]),
]

/** A primary and its standby, with a connection to each. */
export interface Pair {
  readonly cluster: Cluster
  readonly primary: Client
  readonly standby: Client
  end(): Promise<void>
}

export async function startPair(options: ClusterOptions = {}): Promise<Pair> {
  const cluster = await startCluster({ ...options, replicas: 1 })
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
