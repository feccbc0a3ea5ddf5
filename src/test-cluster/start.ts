import { SwitchyardError } from '../errors/error.ts'
import { Cluster } from './cluster.ts'
import type { ClusterOptions, ResolvedOptions } from './options.ts'
import { resolveOptions } from './options.ts'
import type { Backend } from './server.ts'

/**
 * Starts a primary and its replicas. Resolves when all accept connections and the replicas stream.
 *
 * `stop()` removes all servers and files. They are also removed when the process ends in any other way. A running
 * cluster does not keep the process alive.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION or SWITCHYARD_UNKNOWN_OPTION. SWITCHYARD_TEST_CLUSTER when the
 * programs are missing or a server does not start, with the last lines of that server's log.
 *
 * @example
 * const cluster = await startCluster({ replicas: 2 })
 * const pool = new Pool({
 *   ...cluster.primary.config,
 *   replicas: cluster.replicas.map(({ config }) => config),
 * })
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const resolved = resolveOptions(options, process.env)
  let backend: Backend | undefined
  try {
    backend = await openBackend(resolved)
    return await Cluster.start(backend, resolved)
  } catch (error) {
    await backend?.close()
    if (error instanceof SwitchyardError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `the cluster did not start: ${reason}`, {
      cause: error,
    })
  }
}

async function openBackend(options: ResolvedOptions): Promise<Backend> {
  // Only the backend in use is loaded: their packages are optional.
  switch (options.backend) {
    case 'embedded': {
      const { EmbeddedBackend } = await import('./embedded/backend.ts')
      return EmbeddedBackend.open(options)
    }
    case 'testcontainers': {
      const { ContainerBackend } = await import('./testcontainers/backend.ts')
      return ContainerBackend.open(options)
    }
  }
}
