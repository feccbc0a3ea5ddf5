/**
 * A real PostgreSQL cluster for tests: a primary, streaming replicas, and methods to inject failures.
 *
 * @module
 */
export { findPostgres } from './embedded/find-postgres.ts'
export { startCluster } from './start.ts'
export type { CatchUpOptions, Cluster, PromoteOptions } from './cluster.ts'
export type { ClusterNode } from './node.ts'
export type { BackendName, ClusterOptions, Settings } from './options.ts'
export type { NodeConfig, StopMode } from './server.ts'
