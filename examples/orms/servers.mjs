// The servers that the examples use are those of DATABASE_URL and DATABASE_REPLICA_URLS (separated by commas). Without
// these variables the examples start a primary and two replicas of their own.
import { startCluster } from 'pg-switchyard/test-cluster'

export async function startServers() {
  const { DATABASE_URL, DATABASE_REPLICA_URLS = '' } = process.env
  if (DATABASE_URL !== undefined) {
    const replicas = DATABASE_REPLICA_URLS.split(',').filter((url) => url !== '')
    return { primary: parse(DATABASE_URL), replicas: replicas.map(parse), stop: async () => {} }
  }
  const cluster = await startCluster({ replicas: 2 })
  const replicas = cluster.replicas.map(({ config }) => config)
  return { primary: cluster.primary.config, replicas, stop: () => cluster.stop() }
}

/** Reads many times, and until replicas have answered most of it; gives the share. */
export async function readFromReplicas(pool, read) {
  do await read()
  while (pool.stats().reads < 100 || pool.stats().offload < 0.9)
  return `${Math.round(100 * pool.stats().offload)} % of ${pool.stats().reads} reads from replicas`
}

function parse(url) {
  const { hostname: host, port, username: user, password, pathname } = new URL(url)
  return { host, port: Number(port || 5432), user, password, database: pathname.slice(1) }
}
