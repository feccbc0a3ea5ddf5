import type { PoolConfig } from 'pg'
import type { Declarations } from '../catalog/declared.ts'
import type { Consistency } from '../consistency/mode.ts'
import type { Discovery } from '../discovery/discovery.ts'
import type { Logger } from '../observability/logger.ts'
import type { SqlParser } from '../statement/parser.ts'
import type { Balancer } from '../selection/balancer.ts'
import type { Tags } from '../topology/tags.ts'

/** One replica, given as an object. It inherits every option of the primary but `host` and `port`. */
export interface ReplicaOptions extends PoolConfig {
  /**
   * Share of the reads relative to the other replicas. 0: it is watched, and gets no reads.
   * @defaultValue 1
   */
  readonly weight?: number | undefined
  /**
   * Whether several servers share this address: a reader endpoint, a TCP load balancer, a Kubernetes service. Then nothing that
   * a probe sees there counts for reads: each connection has to prove what its server shows.
   * @defaultValue false
   */
  readonly balanced?: boolean | undefined
  /**
   * What balancers and tiers may ask for: `{ zone: 'a', use: 'reports' }`.
   * @defaultValue none
   */
  readonly tags?: Tags | undefined
}

/** How far behind a replica may be. */
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

/** How much of the primary's strength goes to reads that no replica can serve. */
export interface PrimarySpill {
  /**
   * The share of the connections to the primary (`max`) that such reads may use at once, 0 to 1. 0: they wait for a
   * replica.
   * @defaultValue 0.5
   */
  readonly share?: number | undefined
  /**
   * What happens to a read over that share: it waits for its turn, for at most `failoverTimeoutMs`, or it fails at once
   * with `SWITCHYARD_PRIMARY_SPILL`.
   * @defaultValue 'wait'
   */
  readonly over?: 'wait' | 'fail' | undefined
}

/** One class of work in `tiers`. */
export interface TierOptions {
  /**
   * The part of each node's connections (`max`) that it may use at once, above 0 and at most 1; one at least. Shares that add
   * up to no more than 1 keep tiers apart altogether.
   * @defaultValue 1
   */
  readonly share?: number | undefined
  /**
   * Who gets the next free connection where shares add up to more than 1: an integer from 0, who is served first, to 9.
   * @defaultValue 0
   */
  readonly priority?: number | undefined
  /**
   * How many statements may wait for a connection to one node; one more fails at once with `SWITCHYARD_TIER_FULL`, unless
   * another replica has room.
   * @defaultValue 100
   */
  readonly maxQueue?: number | undefined
  /**
   * How long a statement may wait for a connection, in milliseconds; then it fails with `SWITCHYARD_TIER_TIMEOUT`.
   * @defaultValue 10000
   */
  readonly maxWaitMs?: number | undefined
  /**
   * After so long the server gives a statement up (`statement_timeout`), in milliseconds.
   * @defaultValue as the connection has it
   */
  readonly statementTimeoutMs?: number | undefined
  /**
   * Reads run only on nodes that have all of these tags, the primary in place of a replica included; where there is none
   * they wait, and fail with `SWITCHYARD_TIER_UNSERVED`. Writes and transactions run on the primary as ever.
   * @defaultValue none: anywhere
   */
  readonly tags?: Tags | undefined
}

/** Tokens carry a session to another process. */
export interface TokenOptions {
  /**
   * Signs tokens (HMAC-SHA-256), so that nobody can make one up: text of at least 16 characters. With a list the first one
   * signs and all are believed, so that a secret can be replaced. With a secret, tokens without a signature are rejected.
   * @defaultValue none
   */
  readonly secret?: string | readonly string[] | undefined
  /**
   * How long a token is good for, in milliseconds. Longer than replicas may lag behind (`maxLag`).
   * @defaultValue 300000
   */
  readonly ttlMs?: number | undefined
}

/** Lanes: connections to a node that carry many reads at once. */
export interface LaneOptions {
  /**
   * How many connections to one node may be lanes, within `max`; never more than half of it.
   * @defaultValue 2
   */
  readonly perNode?: number | undefined
  /**
   * How many reads may be under way on one lane.
   * @defaultValue 128
   */
  readonly maxInFlight?: number | undefined
}

/** Which reads are prepared. */
export interface PrepareOptions {
  /**
   * How often a text is seen before it gets a name, at least 2.
   * @defaultValue 5
   */
  readonly after?: number | undefined
  /**
   * How many prepared statements one connection has at most.
   * @defaultValue 100
   */
  readonly max?: number | undefined
}

/** Options of `Pool`: every option of `pg.Pool`, and these. */
export interface PoolOptions extends PoolConfig {
  /**
   * Of the pool's own address, whatever the server is: replicas have tags of their own.
   * @defaultValue none
   */
  readonly tags?: Tags | undefined
  /**
   * The replicas: connection strings or objects. Roles are asked of the servers, not believed, so a list that is out of
   * date costs no wrong write. Without replicas (and with one host) the pool behaves as `pg.Pool` does.
   * @defaultValue []
   */
  readonly replicas?: readonly (string | ReplicaOptions)[] | undefined
  /**
   * What reads may show, unless their session or the query says otherwise: `strong` (the primary only), `causal` (what the
   * session has written), `window` (the same, by time alone), `bounded` (what is at most `maxStalenessMs` old) or
   * `eventual`.
   * @defaultValue 'causal'
   */
  readonly consistency?: Consistency | undefined
  /**
   * When `connect()` takes a connection to the primary: `lazy`, when a statement first needs one, so that a client that only
   * reads takes none; or `eager`, at once, as `pg.Pool` does. Reads go to replicas either way.
   * @defaultValue 'lazy'
   */
  readonly checkout?: 'lazy' | 'eager' | undefined
  /**
   * A client that is not released for that long is told of by the event `clientLeaked` and in the log, with the place where
   * it was checked out; in milliseconds.
   * @defaultValue never
   */
  readonly leakWarningMs?: number | undefined
  /**
   * How long a read waits for a replica to catch up with what its session has written, before it goes to the primary, in
   * milliseconds. 0: not at all.
   * @defaultValue 100
   */
  readonly catchUpTimeoutMs?: number | undefined
  /**
   * The bound of `bounded`, in milliseconds, unless the query names one.
   * @defaultValue 2000
   */
  readonly maxStalenessMs?: number | undefined
  /**
   * What happens to reads when the pool starts and finds no primary, so that it cannot tell how old its replicas are: they
   * fail at once, wait for one for at most `failoverTimeoutMs`, or are served all the same, with the event
   * `startedWithoutPrimary`.
   * @defaultValue 'fail'
   */
  readonly withoutPrimaryAtStart?: 'fail' | 'wait' | 'serve' | undefined
  /**
   * For how long after a write its session reads from the primary while the position of the write is not known, or with
   * `consistency: 'window'` in any case, in milliseconds. Then also the age of what a replica may show.
   * @defaultValue 2000
   */
  readonly windowMs?: number | undefined
  /**
   * What you know better than the database: functions and relations that a replica may serve though it does not look
   * like it (`readOnly`), and those that belong to the primary (`primaryOnly`).
   * @defaultValue nothing
   */
  readonly declared?: Declarations | undefined
  /**
   * Judges the statements: `createLibpgQueryParser()`, or `createNodeSqlParser()` if WebAssembly is not to be had. The
   * second needs the package `node-sql-parser`, and proves fewer reads.
   * @defaultValue createLibpgQueryParser()
   */
  readonly parser?: SqlParser | undefined
  /**
   * How much memory the verdicts on statements may take, in bytes, at least 1 MiB; those not needed for longest go first.
   * @defaultValue 16 MiB
   */
  readonly statementCacheBytes?: number | undefined
  /**
   * A longer text is not parsed and goes to the primary; in bytes of UTF-8, at most 8 MiB.
   * @defaultValue 256 KiB
   */
  readonly maxSqlBytes?: number | undefined
  /**
   * Time between two probes of one node, in milliseconds; at most half of `windowMs`.
   * @defaultValue a quarter of `windowMs`, at most 500
   */
  readonly probeIntervalMs?: number | undefined
  /**
   * How long a probe may take before its node counts as down, in milliseconds.
   * @defaultValue 2000
   */
  readonly probeTimeoutMs?: number | undefined
  /**
   * A replica that is further behind gets no reads until it is within half of it.
   * @defaultValue { ms: 10000, bytes: 64 MiB }
   */
  readonly maxLag?: MaxLag | undefined
  /**
   * How long a replica may take to answer a read, in milliseconds, waiting for a connection included. Then the read runs
   * on the next candidate, and the replica gets no more until it has answered a probe. Without it a read may take as long
   * as its replica answers probes.
   * @defaultValue none
   */
  readonly readTimeoutMs?: number | undefined
  /**
   * How long a statement waits for a primary while there is none, in milliseconds, and how long a read goes on looking
   * for a node after the first has failed. Until a primary was seen for the first time, nothing waits.
   * @defaultValue 30000
   */
  readonly failoverTimeoutMs?: number | undefined
  /**
   * Bounds the reads that run on the primary because no replica can serve them.
   * @defaultValue { share: 0.5, over: 'wait' }
   */
  readonly primarySpill?: PrimarySpill | undefined
  /**
   * How the tokens of `session.token()` are made and believed.
   * @defaultValue not signed, and good for five minutes
   */
  readonly tokens?: TokenOptions | undefined
  /**
   * Tells the servers of the cluster, primary included, and again when they change: `dnsDiscovery()`,
   * `patroniDiscovery()`, `functionDiscovery()` or your own. Until it has answered, and while it does not, the servers that
   * are known already stay.
   * @defaultValue none: the servers are those that the options name
   */
  readonly discovery?: Discovery | undefined
  /**
   * Orders the replicas that may serve a read.
   * @defaultValue peakEwma()
   */
  readonly balancer?: Balancer | undefined
  /**
   * Named classes of work, each with its own share of every node's connections: `{ api: { share: 0.8 }, batch: { share: 0.2,
   * priority: 1 } }`. What names no tier belongs to the tier `default`, which has all connections unless it is given here.
   * Without tiers nothing is paid for them.
   * @defaultValue none
   */
  readonly tiers?: Readonly<Record<string, TierOptions>> | undefined
  /**
   * Whether fast proven reads share connections, and how; `false`: each has one of its own while it runs. Needs `pg` 8.23.
   * @defaultValue { perNode: 2, maxInFlight: 128 }
   */
  readonly lanes?: false | LaneOptions | undefined
  /**
   * Whether proven reads that come again and again are prepared, and how; `false`: only what has a name.
   * @defaultValue { after: 5, max: 100 }
   */
  readonly prepare?: false | PrepareOptions | undefined
  /**
   * Where the router logs what happens to the cluster: a pino logger, or `false` for nowhere.
   * @defaultValue pino to standard error, warnings and worse
   */
  readonly logger?: Logger | false | undefined
}
