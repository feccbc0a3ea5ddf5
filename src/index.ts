import pg from 'pg'
import { Pool } from './pool.ts'

export {
  Client,
  Connection,
  DatabaseError,
  Query,
  Result,
  TypeOverrides,
  defaults,
  escapeIdentifier,
  escapeLiteral,
  types,
} from 'pg'

export { Pool } from './pool.ts'
export type {
  LaneOptions,
  MaxLag,
  PoolOptions,
  PrepareOptions,
  PrimarySpill,
  ReplicaOptions,
  TokenOptions,
} from './config/options.ts'
export type { Consistency } from './consistency/mode.ts'
export { laterToken } from './consistency/later-token.ts'
export { memoryPositionStore, type MemoryPositionStoreOptions } from './consistency/memory-position-store.ts'
export type { PositionStore } from './consistency/position-store.ts'
export type { TokenRejection } from './consistency/token.ts'
export { SwitchyardError, type ErrorCode } from './errors/error.ts'
export type { DiscoveredNode, Discovery } from './discovery/discovery.ts'
export { dnsDiscovery, type AddressResolver, type DnsDiscoveryOptions } from './discovery/dns.ts'
export { functionDiscovery, type DiscoverNodes, type FunctionDiscoveryOptions } from './discovery/function.ts'
export type { TlsOptions } from './discovery/get-json.ts'
export type { DiscoveryFailure } from './discovery/loop.ts'
export { patroniDiscovery, type PatroniDiscoveryOptions } from './discovery/patroni.ts'
export { srvDiscovery, type SrvDiscoveryOptions, type SrvResolver } from './discovery/srv.ts'
export { outcomeOf, type WriteOutcome } from './execution/outcome.ts'
export type { Declaration, Declarations } from './catalog/declared.ts'
export type {
  CatalogChange,
  NodeChange,
  NodeStatus,
  Refusal,
  RouterEventEmitter,
  RouterEvents,
} from './observability/events.ts'
export type { ExplainedPlan, ExplainedRoute, Explanation } from './observability/explain.ts'
export type { Logger } from './observability/logger.ts'
export type { NodeStats, PoolStats } from './observability/stats.ts'
export type { RouteRequest } from './routing/decide.ts'
export type { Freshness, Route, RouteReason } from './routing/route.ts'
export type { Balancer, Outcome } from './selection/balancer.ts'
export type { Rejection, StepReason } from './selection/query-plan.ts'
export { Session } from './session.ts'
export type { SessionOptions } from './session-options.ts'
export type { TransactionOptions } from './transaction-options.ts'
export { smoothWeightedRoundRobin } from './selection/smooth-weighted-round-robin.ts'
export { classify } from './statement/classify.ts'
export { createLibpgQueryParser } from './statement/libpg-query-parser.ts'
export { createNodeSqlParser } from './statement/node-sql-parser-parser.ts'
export type { Analysis, NameUse, SqlParser } from './statement/parser.ts'
export type {
  AccessMode,
  IsolationLevel,
  Offender,
  Statement,
  StatementKind,
  StatementReason,
  TransactionModes,
} from './statement/statement.ts'
export type { NodeId, NodeState, Observation, Role } from './topology/node.ts'
export type { Exclusion, Lag, NodeView } from './topology/snapshot.ts'

/** Shaped like the `pg` module, with this `Pool` in place of its own: for `import pg from 'pg-switchyard'`. */
const module: Omit<typeof pg, 'Pool'> & { readonly Pool: typeof Pool } = { ...pg, Pool }
export default module
