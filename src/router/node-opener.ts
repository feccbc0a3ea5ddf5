import type { PoolClient } from 'pg'
import { schemaOf } from '../catalog/loader.ts'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import type { Hooks } from './hooks.ts'
import type { SessionKeeper } from './session-keeper.ts'
import type { Judgement } from './judgement.ts'
import { KeptConnection } from '../monitoring/kept-connection.ts'
import { LeasePool, type LeasePoolListener } from '../nodes/lease-pool.ts'
import { NodeSchema } from '../nodes/node-schema.ts'
import type { SideQueriesOf } from '../nodes/exchange.ts'
import { SleepCheck } from '../nodes/sleep-check.ts'
import type { NodeConfig, ServerNode } from '../nodes/server-node.ts'
import type { SharingOptions } from '../nodes/sharing.ts'
import type { Tell } from '../observability/tell.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform } from '../platform/platform.ts'
import type { SleepWatch } from '../platform/sleep-watch.ts'
import { Journal } from '../settings/journal.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'

/** The parts of the router that a node's connections need. */
export interface NodePort {
  readonly settings: SettingKeeper
  readonly hooks: Hooks
  readonly tell: Tell
  readonly judged: Pick<Judgement, 'schema' | 'doubt'>
  readonly sessions: Pick<SessionKeeper, 'context'>
  readonly sleep: SleepWatch
}

/** Timeout of the query for a node's schema, in milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000

/** Creates a node's connection pool from the options; does no I/O. */
export function nodeOpener(
  options: ResolvedOptions,
  platform: Platform,
  connect: Connect,
  { hooks, judged, sessions, settings, sleep, tell }: NodePort,
  listener: LeasePoolListener,
): (config: NodeConfig) => ServerNode {
  const { lanes, prepare } = options
  let isTold = false
  const lanesUnavailable = (): void => {
    if (!isTold) tell('lanesUnavailable')
    isTold = true
  }
  const cleaning: SideQueriesOf = (client) => settings.connections.steps(client, Journal.empty)
  const isLendable = (client: PoolClient): boolean => settings.isLendable(client) && hooks.isLendable(client)
  const lending = (client: PoolClient, proceed: () => void): void => hooks.quiet(client, proceed)
  const outside = <T>(fn: () => T): T => sessions.context.outside(fn)
  const told = { ...listener, lanesUnavailable, lending, outside }
  const sharingOf = (config: NodeConfig): SharingOptions => {
    const connection = new KeptConnection(
      connect,
      platform,
      options.probeTimeoutMs,
      ANSWER_TIMEOUT_MS,
      // Its closing is work that a suspended process would put off.
      options.lifecycle === 'suspending' ? 0 : undefined,
    )
    const schema = new NodeSchema({
      platform,
      ask: () => schemaOf((sql) => connection.rows(config.options, sql)),
      known: () => judged.schema,
      differs: () => judged.doubt(),
      close: () => connection.close(),
    })
    return { platform, lanes, prepare, cleaning, schema, sleeps: () => sleep.sleeps }
  }
  return (config) => {
    // Each connection of a shared address may reach another server.
    const sharing = config.isBalanced ? undefined : sharingOf(config)
    return new LeasePool(
      hooks.around(config),
      connect,
      told,
      isLendable,
      sharing,
      settings.connections.custom,
      new SleepCheck(platform, sleep),
    )
  }
}
