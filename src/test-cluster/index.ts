/**
 * A real PostgreSQL cluster for tests: a primary, replicas that stream from it, and levers to hurt them.
 *
 * @module
 */
export { findPostgres } from './embedded/find-postgres.ts'
export { startCluster } from './start.ts'
export type { CatchUpOptions, Cluster, PromoteOptions } from './cluster.ts'
export type { ClusterNode } from './node.ts'
export type { BackendName, ClusterOptions, Settings } from './options.ts'
export type { NodeConfig, StopMode } from './server.ts'
