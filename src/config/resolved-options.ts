import type { PoolConfig } from 'pg'
import { parseDeclarations, type DeclaredName } from '../catalog/declared.ts'
import { CONSISTENCIES, type Consistency } from '../consistency/mode.ts'
import type { Discovery } from '../discovery/discovery.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import type { NodeId } from '../topology/node.ts'
import type { Tier } from '../nodes/tier.ts'
import type { ResolvedLaneOptions, ResolvedPrepareOptions } from '../nodes/sharing.ts'
import { defaultLogger, type Logger } from '../observability/logger.ts'
import { queryTimeoutOf } from '../platform/query-timeout.ts'
import type { Balancer } from '../selection/balancer.ts'
import { peakEwma } from '../selection/peak-ewma.ts'
import { createLibpgQueryParser } from '../statement/libpg-query-parser.ts'
import type { SqlParser } from '../statement/parser.ts'
import { POOL_OPTIONS } from './known-options.ts'
import { nodesOf } from './nodes.ts'
import type { PoolOptions } from './options.ts'
import { LONGEST_TIMER_MS, maxLagOf, spillOf, timeoutOption, type SpillLimit } from './limits.ts'
import { tiersOf } from './tiers.ts'
import { lanesOf, prepareOf } from './sharing.ts'
import { tokensOf, type ResolvedTokenOptions } from './tokens.ts'
import { booleanOption, checkMethod, checkNames, choiceOption, invalid, numberOption } from './validate.ts'

const MIB = 1024 * 1024

/** The options after validation, with every default filled in. */
export interface ResolvedOptions {
  /** The options for node-postgres. */
  readonly pgOptions: PoolConfig
  readonly nodes: readonly NodeConfig[]
  /** Makes the options of a discovered node follow those of the pool. Absent: they stay as they are. */
  readonly adopt?: (config: NodeConfig) => NodeConfig
  /** Called when the list of nodes was replaced: options of other nodes follow the pool's no more. */
  readonly retain?: (ids: ReadonlySet<NodeId>) => void
  readonly consistency: Consistency
  readonly catchUpTimeoutMs: number
  readonly maxStalenessMs: number
  readonly withoutPrimaryAtStart: 'fail' | 'wait' | 'serve'
  readonly windowMs: number
  readonly declared: readonly DeclaredName[]
  readonly parser: SqlParser
  readonly statementCacheBytes: number
  readonly maxSqlBytes: number
  readonly probeIntervalMs: number
  readonly probeTimeoutMs: number
  readonly maxLag: { readonly ms: number; readonly bytes: number }
  readonly readTimeoutMs: number | undefined
  readonly failoverTimeoutMs: number
  readonly primarySpill: SpillLimit
  readonly discovery: Discovery | undefined
  readonly tokens: ResolvedTokenOptions
  readonly transactions: 'primary' | 'optimistic'
  readonly checkout: 'lazy' | 'eager'
  readonly lifecycle: 'continuous' | 'suspending'
  readonly leakWarningMs: number | undefined
  readonly balancer: Balancer
  /** Absent without tiers. */
  readonly tiers: readonly Tier[] | undefined
  readonly lanes: ResolvedLaneOptions | undefined
  readonly prepare: ResolvedPrepareOptions | undefined
  readonly pipelineBegin: boolean
  /** node-postgres' `query_timeout`, in milliseconds. 0: none. */
  readonly queryTimeoutMs: number
  /** Absent when logging is off. */
  readonly logger: Logger | undefined
}

/**
 * Validates the options. Throws `SWITCHYARD_UNKNOWN_OPTION` or `SWITCHYARD_INVALID_OPTION`, naming the option, the
 * legal values and the received one.
 */
export function resolveOptions(options: PoolOptions): ResolvedOptions {
  checkNames(options, POOL_OPTIONS, 'the pool')
  const {
    name,
    tags,
    replicas,
    consistency,
    catchUpTimeoutMs,
    maxStalenessMs,
    withoutPrimaryAtStart,
    windowMs,
    declared,
    parser,
    statementCacheBytes,
    maxSqlBytes,
    probeIntervalMs,
    probeTimeoutMs,
    maxLag,
    readTimeoutMs,
    failoverTimeoutMs,
    primarySpill,
    discovery,
    tokens,
    transactions,
    checkout,
    lifecycle,
    leakWarningMs,
    balancer,
    tiers,
    lanes,
    prepare,
    pipelineBegin,
    logger,
    ...rest
  } = options
  const pgOptions: PoolConfig =
    options.password === undefined ? rest : { ...rest, password: options.password }

  const window = numberOption('windowMs', windowMs, 2000, { above: 0 })
  if (balancer !== undefined) checkMethod('balancer', balancer, 'order')
  if (discovery !== undefined) checkMethod('discovery', discovery, 'discover')
  if (parser !== undefined) checkMethod('parser', parser, 'analyze')
  if (logger !== undefined && logger !== false) {
    checkMethod('logger', logger, 'warn')
    checkMethod('logger', logger, 'info')
  }
  const life = choiceOption('lifecycle', lifecycle, 'continuous', ['continuous', 'suspending'])
  const sharedLanes = lanesOf(lanes)
  const nodes = nodesOf(pgOptions, replicas, { name, tags })
  const isSingle = nodes.length === 1 && discovery === undefined
  if (isSingle && typeof pgOptions.ssl === 'function') {
    throw invalid(
      'Option "ssl" can be tlsFiles() only for a pool with replicas or discovery; received it for one node',
    )
  }
  // A pool of one node is silent, as pg.Pool is, unless it is given a logger.
  const isSilent = logger === false || (logger === undefined && isSingle)
  return Object.freeze({
    pgOptions,
    nodes,
    consistency: choiceOption('consistency', consistency, 'causal', CONSISTENCIES),
    catchUpTimeoutMs: numberOption('catchUpTimeoutMs', catchUpTimeoutMs, 100, {
      min: 0,
      max: LONGEST_TIMER_MS,
    }),
    maxStalenessMs: numberOption('maxStalenessMs', maxStalenessMs, 2000, { above: 0 }),
    withoutPrimaryAtStart: choiceOption('withoutPrimaryAtStart', withoutPrimaryAtStart, 'fail', [
      'fail',
      'wait',
      'serve',
    ]),
    windowMs: window,
    declared: parseDeclarations(declared),
    parser: parser ?? createLibpgQueryParser(),
    statementCacheBytes: numberOption('statementCacheBytes', statementCacheBytes, 16 * MIB, { min: MIB }),
    maxSqlBytes: numberOption('maxSqlBytes', maxSqlBytes, MIB / 4, { above: 0, max: 8 * MIB }),
    probeIntervalMs: numberOption('probeIntervalMs', probeIntervalMs, Math.min(500, window / 4), {
      above: 0,
      max: Math.min(window / 2, LONGEST_TIMER_MS),
    }),
    probeTimeoutMs: numberOption('probeTimeoutMs', probeTimeoutMs, 2000, {
      above: 0,
      max: LONGEST_TIMER_MS,
    }),
    maxLag: maxLagOf(maxLag),
    readTimeoutMs: readTimeoutMs === undefined ? undefined : timeoutOption('readTimeoutMs', readTimeoutMs),
    failoverTimeoutMs: timeoutOption('failoverTimeoutMs', failoverTimeoutMs, 30_000),
    // A single node has no replicas to stand in for, so the limit does not apply.
    primarySpill: spillOf(primarySpill ?? (isSingle ? { share: 1 } : undefined), pgOptions),
    discovery,
    tokens: tokensOf(tokens),
    transactions: choiceOption('transactions', transactions, 'primary', ['primary', 'optimistic']),
    lifecycle: life,
    checkout: choiceOption('checkout', checkout, 'lazy', ['lazy', 'eager']),
    leakWarningMs: leakWarningMs === undefined ? undefined : timeoutOption('leakWarningMs', leakWarningMs),
    balancer: balancer ?? peakEwma(),
    tiers: tiersOf(tiers),
    // An empty lane is watched by a timer.
    lanes: life === 'suspending' ? undefined : sharedLanes,
    prepare: prepareOf(prepare),
    pipelineBegin: booleanOption('pipelineBegin', pipelineBegin, true),
    queryTimeoutMs: queryTimeoutOf(nodes[0]?.options.query_timeout),
    logger: isSilent ? undefined : (logger ?? defaultLogger()),
  })
}
