import pg from 'pg'
import {
  routedModule,
  type ClientClass,
  type Client as RoutedClient,
  type RoutedModule,
} from './pool/module.ts'

// All types of node-postgres. Exports of the same name below take precedence.
export type * from 'pg'
export {
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

/**
 * A standalone client. With `replicas` it routes like clients of a pool, and clients with the same configuration share
 * one monitor; without, it is `pg.Client`.
 *
 * @example
 * const client = new Client({
 *   connectionString: 'postgres://app@primary/shop',
 *   replicas: ['postgres://app@r1/shop'],
 * })
 * await client.connect()
 */
export const Client: ClientClass = routedModule.Client
export type Client = RoutedClient
/**
 * node-postgres' own helpers.
 *
 * @example
 * import { utils } from 'pg-switchyard'
 * const { prepareValue } = utils as { prepareValue(value: unknown): unknown }
 */
export const utils: unknown = Reflect.get(pg, 'utils')

export { Pool } from './pool/pool.ts'
export {
  wrapPg,
  type ClientClass,
  type ClientOptions,
  type PgModule,
  type RoutedModule,
} from './pool/module.ts'
export type { PoolClass, RoutedPoolClient, TierPool } from './pool/pool-contract.ts'
export type {
  LaneOptions,
  MaxLag,
  PoolOptions,
  PrepareOptions,
  PrimarySpill,
  ReplicaOptions,
  TierOptions,
  TokenOptions,
} from './config/options.ts'
export type { Consistency } from './consistency/mode.ts'
export { laterToken } from './consistency/later-token.ts'
export { memoryPositionStore, type MemoryPositionStoreOptions } from './consistency/memory-position-store.ts'
export type { Position, Progress } from './consistency/position.ts'
export type { PositionStore } from './consistency/position-store.ts'
export type { SeenRead } from './consistency/session.ts'
export type { TokenRejection } from './consistency/token.ts'
export { SwitchyardError, type ErrorCode, type SwitchyardErrorOptions } from './errors/error.ts'
export {
  expiringPassword,
  type ExpiringPassword,
  type ExpiringPasswordOptions,
  type LoginTarget,
  type PasswordFunction,
  type PasswordSource,
} from './config/expiring-password.ts'
export { tlsFiles, type TlsFiles } from './config/tls-files.ts'
export { rdsIam, type RdsIamOptions } from './config/rds-iam.ts'
export type { AwsCredentials } from './config/sigv4.ts'
export { streamPerNode, type StreamFactory, type StreamTarget } from './nodes/node-stream.ts'
export { auroraDiscovery, type AuroraDiscoveryOptions, type InstanceAddress } from './discovery/aurora.ts'
export type { DiscoveredNode, Discovery, KnownServers } from './discovery/discovery.ts'
export { dnsDiscovery, type AddressResolver, type DnsDiscoveryOptions } from './discovery/dns.ts'
export { functionDiscovery, type DiscoverNodes, type FunctionDiscoveryOptions } from './discovery/function.ts'
export type { TlsOptions } from './discovery/get-json.ts'
export type { DiscoveryFailure } from './discovery/loop.ts'
export { patroniDiscovery, type PatroniDiscoveryOptions } from './discovery/patroni.ts'
export { srvDiscovery, type SrvDiscoveryOptions, type SrvResolver } from './discovery/srv.ts'
export type { DashboardHandler, DashboardOptions } from './dashboard/handler.ts'
export { outcomeOf, type WriteOutcome } from './errors/outcome.ts'
export type {
  Catalog,
  FunctionVerdict,
  OperatorVerdict,
  PlPgSqlBody,
  QualifiedName,
  RelationVerdict,
} from './catalog/catalog.ts'
export type { Declaration, Declarations } from './catalog/declared.ts'
export type { Footprint, RelationSet } from './catalog/footprint.ts'
export type { KeyColumn, KeyLiteral, KeyProof, KeyType, KeyValue } from './catalog/key.ts'
export type {
  CatalogChange,
  IgnoredHint,
  ConnectionOpened,
  ConnectionReturned,
  ConnectionTimedOut,
  NodeChange,
  NodeStatus,
  Refusal,
  RouterEventEmitter,
  RouterEvents,
} from './observability/events.ts'
export type { ExplainedPlan, ExplainedRoute, ExplainedSession, Explanation } from './observability/explain.ts'
export type { CheckoutMessage, ConnectMessage } from './observability/channels.ts'
export { EventError } from './observability/event-error.ts'
export type {
  DecisionEvent,
  PositionAsked,
  QueryExecution,
  Repair,
  Retry,
  Wait,
} from './observability/statement-events.ts'
export type { RepairReason, RetryReason, SpillReason, WaitReason } from './nodes/trace.ts'
export type { Logger } from './observability/logger.ts'
export type { NodeStats, PoolStats } from './observability/stats.ts'
export type { PrimaryReason } from './observability/advice.ts'
export type { Latencies } from './observability/histogram.ts'
export type { PrimaryReads, TrafficStats } from './observability/traffic.ts'
export type { RouteRequest } from './routing/decide.ts'
export type { Freshness, Route, RouteReason } from './routing/route.ts'
export type { Balancer, BalancerContext, ReadOutcome } from './selection/balancer.ts'
export { leastInFlight } from './selection/least-in-flight.ts'
export { peakEwma, type PeakEwmaOptions } from './selection/peak-ewma.ts'
export { powerOfTwoChoices } from './selection/power-of-two-choices.ts'
export { preferTags, type PreferTagsOptions } from './selection/prefer-tags.ts'
export type { Rejection, StepReason } from './selection/query-plan.ts'
export { Session } from './pool/session.ts'
export type { SessionOptions } from './router/session-options.ts'
export type { SettingValues } from './router/session-settings-options.ts'
export type { TransactionOptions } from './pool/transaction-options.ts'
export { smoothWeightedRoundRobin } from './selection/smooth-weighted-round-robin.ts'
export { weightedRandom } from './selection/weighted-random.ts'
export type { Pin } from './settings/session-settings.ts'
export { classify, type ClassifyOptions } from './statement/classify.ts'
export { createLibpgQueryParser } from './statement/libpg-query-parser.ts'
export { createNodeSqlParser } from './statement/node-sql-parser-parser.ts'
export type { LearnedShape } from './statement/judge.ts'
export type { Analysis, NameUse, SqlParser } from './statement/parser.ts'
export type { SessionState } from './statement/session-state.ts'
export type { Argument as SettingArgument, SettingChange } from './statement/setting-change.ts'
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
export type { Lsn } from './topology/lsn.ts'
export type { Tags } from './topology/tags.ts'
export type { Exclusion, Lag, NodeView } from './topology/snapshot.ts'

/** The `pg` module with this `Pool` and `Client` in place of its own, for `import pg from 'pg-switchyard'`. */
const module: RoutedModule = routedModule
export default module
