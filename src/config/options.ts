import type { PoolConfig } from 'pg'
import type { Declarations } from '../catalog/declared.ts'
import type { Consistency } from '../consistency/mode.ts'
import type { Discovery } from '../discovery/discovery.ts'
import type { Logger } from '../observability/logger.ts'
import type { SqlParser } from '../statement/parser.ts'
import type { Balancer } from '../selection/balancer.ts'
import type { Tags } from '../topology/tags.ts'

/**
 * One replica as an object. It inherits every option of the primary except `host` and `port`.
 *
 * @example
 * const replica: ReplicaOptions = { host: 'r1', weight: 2, tags: { zone: 'a' } }
 */
export interface ReplicaOptions extends PoolConfig {
  /**
   * Name of the node in statistics, events and `stream(node)`. A replica without a host has nothing else to be told by.
   * @defaultValue `host:port`
   */
  readonly name?: string | undefined
  /**
   * Returns a new stream for each connection to this replica, such as one of a connector.
   * @defaultValue the pool's own
   */
  stream?: NonNullable<PoolConfig['stream']>
  /**
   * Share of the reads relative to the other replicas. With 0 it is monitored but gets no reads.
   * @defaultValue 1
   */
  readonly weight?: number | undefined
  /**
   * Whether several servers share this address: a reader endpoint, a TCP load balancer, a Kubernetes service. Probes of
   * such an address do not count for reads: each connection has to prove how fresh its server is.
   * @defaultValue false
   */
  readonly balanced?: boolean | undefined
  /**
   * Labels that balancers and tiers can select by: `{ zone: 'a', use: 'reports' }`.
   * @defaultValue none
   */
  readonly tags?: Tags | undefined
}

/**
 * Maximum lag of a replica.
 *
 * @example
 * const maxLag: MaxLag = { ms: 2000, bytes: 16 * 2 ** 20 }
 */
export interface MaxLag {
  /**
   * In milliseconds.
   * @defaultValue 10000
   */
  readonly ms?: number | undefined
  /**
   * In bytes of WAL.
   * @defaultValue 64 MiB
   */
  readonly bytes?: number | undefined
}

/**
 * Limit on the reads that run on the primary because no replica can serve them.
 *
 * @example
 * const primarySpill: PrimarySpill = { share: 0.2, over: 'fail' }
 */
export interface PrimarySpill {
  /**
   * Share of the primary's connections (`max`) that such reads may use at once, from 0 to 1. A lane counts as one
   * connection. With 0 they wait for a replica.
   * @defaultValue 0.5
   */
  readonly share?: number | undefined
  /**
   * Behavior of a read beyond that share: it waits for at most `failoverTimeoutMs`, or fails at once with
   * `SWITCHYARD_PRIMARY_SPILL`.
   * @defaultValue 'wait'
   */
  readonly over?: 'wait' | 'fail' | undefined
}

/**
 * One tier: a class of work with its own limits.
 *
 * @example
 * const batch: TierOptions = { share: 0.2, priority: 1, maxWaitMs: 60_000 }
 */
export interface TierOptions {
  /**
   * Share of each node's connections (`max`) that the tier may use at once, above 0 and at most 1; at least one
   * connection. Tiers whose shares add up to at most 1 do not affect each other.
   * @defaultValue 1
   */
  readonly share?: number | undefined
  /**
   * Order in which tiers get free connections when shares add up to more than 1: an integer from 0 (first) to 9.
   * @defaultValue 0
   */
  readonly priority?: number | undefined
  /**
   * Maximum number of statements that wait for a connection to one node. Another one fails at once with
   * `SWITCHYARD_TIER_FULL`, unless another replica has room.
   * @defaultValue 100
   */
  readonly maxQueue?: number | undefined
  /**
   * Maximum time that a statement waits for a connection, in milliseconds. Then it fails with
   * `SWITCHYARD_TIER_TIMEOUT`.
   * @defaultValue 10000
   */
  readonly maxWaitMs?: number | undefined
  /**
   * Time after which the server cancels a statement (`statement_timeout`), in milliseconds.
   * @defaultValue the connection's own
   */
  readonly statementTimeoutMs?: number | undefined
  /**
   * Reads run only on nodes that have all of these tags, which also holds for the primary in place of a replica.
   * Without such a node they wait, then fail with `SWITCHYARD_TIER_UNSERVED`. Writes and transactions run on the
   * primary in any case.
   * @defaultValue none
   */
  readonly tags?: Tags | undefined
}

/**
 * Options for tokens, which carry a session to another process.
 *
 * @example
 * const tokens: TokenOptions = { secret: 'at least 16 characters', ttlMs: 60_000 }
 */
export interface TokenOptions {
  /**
   * Signs tokens (HMAC-SHA-256), so that they cannot be forged: a string of at least 16 characters. With a list the
   * first one signs and all verify, so that a secret can be rotated. With a secret, tokens without a signature are
   * rejected.
   * @defaultValue none
   */
  readonly secret?: string | readonly string[] | undefined
  /**
   * Lifetime of a token, in milliseconds. It should be longer than replicas may lag (`maxLag`).
   * @defaultValue 300000
   */
  readonly ttlMs?: number | undefined
}

/**
 * Options for lanes: connections that carry many reads at once.
 *
 * @example
 * const lanes: LaneOptions = { perNode: 1 }
 */
export interface LaneOptions {
  /**
   * Maximum number of lanes to one node. They are part of `max` and at most half of it.
   * @defaultValue 2
   */
  readonly perNode?: number | undefined
  /**
   * Maximum number of reads in flight on one lane.
   * @defaultValue 128
   */
  readonly maxInFlight?: number | undefined
}

/**
 * Options for automatic prepared statements.
 *
 * @example
 * const prepare: PrepareOptions = { after: 2, max: 200 }
 */
export interface PrepareOptions {
  /**
   * Number of runs after which a text is prepared, at least 2.
   * @defaultValue 5
   */
  readonly after?: number | undefined
  /**
   * Maximum number of prepared statements of one connection.
   * @defaultValue 100
   */
  readonly max?: number | undefined
}

/**
 * Options of `Pool`, in addition to those of `pg.Pool`.
 *
 * @example
 * const options: PoolOptions = {
 *   host: 'primary',
 *   replicas: ['postgres://app@r1/shop'],
 *   catchUpTimeoutMs: 50,
 * }
 */
export interface PoolOptions extends PoolConfig {
  /**
   * Name of the node at the pool's own address.
   * @defaultValue `host:port`
   */
  readonly name?: string | undefined
  /**
   * Returns a new stream for each connection. Replicas without a `stream` of their own use it too. So it has to lead to
   * the node that it is called with (see `streamPerNode()`). That is not needed if node-postgres connects the stream to
   * the node's `host` and `port`.
   * @defaultValue a TCP socket
   */
  stream?: NonNullable<PoolConfig['stream']>
  /**
   * Tags of the server at the pool's own address. Replicas have tags of their own.
   * @defaultValue none
   */
  readonly tags?: Tags | undefined
  /**
   * The replicas: connection strings or objects. Each server reports its own role, so an outdated list never misdirects
   * a write. Without replicas (and with one host) the pool behaves like `pg.Pool`.
   * @defaultValue []
   */
  readonly replicas?: readonly (string | ReplicaOptions)[] | undefined
  /**
   * Default consistency of reads. `strong` reads run only on the primary, and `causal` reads show what the session has
   * written. `window` does the same by time alone, and `bounded` reads are at most `maxStalenessMs` old. `eventual`
   * reads take any replica within `maxLag`. A session or a query may override it.
   * @defaultValue 'causal'
   */
  readonly consistency?: Consistency | undefined
  /**
   * Life cycle of the process. `'suspending'`, for serverless functions: the process may be frozen whenever no
   * statement runs. Then the pool sets no timers and sends no probes, and reads share no connections (`lanes`). The
   * first statement after 2 s without one waits until the nodes have been probed. pg-pool's `idleTimeoutMillis` stays
   * in force, and the connections that watch the nodes close with the last other one.
   * @defaultValue 'continuous'
   */
  readonly lifecycle?: 'continuous' | 'suspending' | undefined
  /**
   * When `connect()` takes a connection to the primary. `lazy`: when a statement first needs it, so a client that only
   * reads takes none. `eager`: at once, like `pg.Pool`. Reads go to replicas either way.
   * @defaultValue 'lazy'
   */
  readonly checkout?: 'lazy' | 'eager' | undefined
  /**
   * Time in milliseconds after which a client that is not released is reported. The event `clientLeaked` and the log
   * have the stack of its checkout.
   * @defaultValue never
   */
  readonly leakWarningMs?: number | undefined
  /**
   * How long a read waits for a replica to catch up with its session's writes before it goes to the primary, in
   * milliseconds. With 0 it does not wait. A read goes to the primary at once where that is quicker and `primarySpill`
   * has room.
   * @defaultValue 100
   */
  readonly catchUpTimeoutMs?: number | undefined
  /**
   * Maximum staleness with `bounded` consistency, in milliseconds. A query may override it.
   * @defaultValue 2000
   */
  readonly maxStalenessMs?: number | undefined
  /**
   * Behavior of reads when the pool starts without a primary, so that the lag of its replicas is unknown. They fail at
   * once, or wait for a primary for at most `failoverTimeoutMs`. Or they run anyway, with the event
   * `startedWithoutPrimary`.
   * @defaultValue 'fail'
   */
  readonly withoutPrimaryAtStart?: 'fail' | 'wait' | 'serve' | undefined
  /**
   * With `consistency: 'window'`, how long a session reads from the primary after a write, and the maximum staleness of
   * replicas, in milliseconds. A token without a position sends reads to the primary for as long.
   * @defaultValue 2000
   */
  readonly windowMs?: number | undefined
  /**
   * Functions and relations that replicas may serve although the catalog does not prove it (`readOnly`), and those that
   * must run on the primary (`primaryOnly`).
   * @defaultValue none
   */
  readonly declared?: Declarations | undefined
  /**
   * Parser for SQL: `createLibpgQueryParser()`, or `createNodeSqlParser()` where WebAssembly is unavailable. The second
   * needs the package `node-sql-parser` and proves fewer reads.
   * @defaultValue createLibpgQueryParser()
   */
  readonly parser?: SqlParser | undefined
  /**
   * Size of the cache of classified statements, in bytes, at least 1 MiB. The least recently used go first.
   * @defaultValue 16 MiB
   */
  readonly statementCacheBytes?: number | undefined
  /**
   * Maximum size of a text that is parsed, in bytes of UTF-8, at most 8 MiB. Longer ones go to the primary.
   * @defaultValue 256 KiB
   */
  readonly maxSqlBytes?: number | undefined
  /**
   * Time between two probes of one node, in milliseconds; at most half of `windowMs`.
   * @defaultValue a quarter of `windowMs`, at most 500
   */
  readonly probeIntervalMs?: number | undefined
  /**
   * Timeout of a probe, in milliseconds. After it the node counts as down.
   * @defaultValue 2000
   */
  readonly probeTimeoutMs?: number | undefined
  /**
   * A replica that is further behind gets no reads until it is within half of it.
   * @defaultValue { ms: 10000, bytes: 64 MiB }
   */
  readonly maxLag?: MaxLag | undefined
  /**
   * Timeout of a read on a replica, including the wait for a connection, in milliseconds. Then the read runs on the
   * next candidate, and the replica gets no reads until it answers a probe. Without it a read may take as long as its
   * replica answers probes.
   * @defaultValue none
   */
  readonly readTimeoutMs?: number | undefined
  /**
   * How long a statement waits for a primary, and how long a read tries other nodes after the first has failed, in
   * milliseconds. After that time such a read tries one more node if its plan has one left, the primary first. Nothing
   * waits until a primary has been seen for the first time.
   * @defaultValue 30000
   */
  readonly failoverTimeoutMs?: number | undefined
  /**
   * Bounds the reads that run on the primary because no replica can serve them.
   * @defaultValue { share: 0.5, over: 'wait' }
   */
  readonly primarySpill?: PrimarySpill | undefined
  /**
   * Where a transaction begins that is not READ ONLY. `'optimistic'`: on a replica that shows what its session has
   * written. At the first statement that is not a proven read it moves to the primary. There its reads run again, and
   * their results are compared. If it has changed, the statement fails with 40001. Serializable transactions begin on
   * the primary in any case. `pool.transaction()` and a BEGIN may override it.
   * @defaultValue 'primary'
   */
  readonly transactions?: 'primary' | 'optimistic' | undefined
  /**
   * Signature and lifetime of the tokens of `session.token()`.
   * @defaultValue not signed, valid for five minutes
   */
  readonly tokens?: TokenOptions | undefined
  /**
   * Source of the cluster's servers, primary included, and of their changes: `dnsDiscovery()`, `patroniDiscovery()`,
   * `auroraDiscovery()`, `functionDiscovery()` or your own. While it gives no answer, the current servers stay.
   * @defaultValue none: the servers that the options name
   */
  readonly discovery?: Discovery | undefined
  /**
   * Orders the replicas that may serve a read.
   * @defaultValue peakEwma()
   */
  readonly balancer?: Balancer | undefined
  /**
   * Named classes of work, each with its own share of every node's connections: `{ api: { share: 0.8 }, batch: { share:
   * 0.2, priority: 1 } }`. Statements without a tier belong to the tier `default`, which may use all connections unless
   * it is given here. Without tiers there is no overhead.
   * @defaultValue none
   */
  readonly tiers?: Readonly<Record<string, TierOptions>> | undefined
  /**
   * Whether and how fast proven reads share connections. With `false` each has its own connection while it runs. Needs
   * `pg` 8.23.
   * @defaultValue { perNode: 2, maxInFlight: 128 }
   */
  readonly lanes?: false | LaneOptions | undefined
  /**
   * Whether and how repeated proven reads are prepared. With `false` only queries with a `name` are.
   * @defaultValue { after: 5, max: 100 }
   */
  readonly prepare?: false | PrepareOptions | undefined
  /**
   * Whether a BEGIN on the primary is answered at once and sent together with the first statement behind it, in one
   * round trip. If BEGIN fails, that statement is not run and has its error. Needs `pg` 8.23.
   * @defaultValue true
   */
  readonly pipelineBegin?: boolean | undefined
  /**
   * Logger for events of the cluster: a pino logger, or `false` for none.
   * @defaultValue pino, warnings and errors to standard error
   */
  readonly logger?: Logger | false | undefined
}
