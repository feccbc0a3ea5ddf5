import type { PoolClient } from 'pg'
import { schemaOf } from '../catalog/loader.ts'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import type { Hooks } from './hooks.ts'
import type { Judgement } from './judgement.ts'
import { KeptConnection } from '../monitoring/kept-connection.ts'
import { LeasePool, type LeasePoolListener } from '../nodes/lease-pool.ts'
import { NodeSchema } from '../nodes/node-schema.ts'
import type { Questions } from '../nodes/exchange.ts'
import type { NodeConfig, ServerNode } from '../nodes/server-node.ts'
import type { SharingOptions } from '../nodes/sharing.ts'
import type { Tell } from '../observability/tell.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform } from '../platform/platform.ts'
import { Journal } from '../settings/journal.ts'
import type { SettingKeeper } from '../settings/setting-keeper.ts'

/** What a node's connections are opened for. */
export interface NodePort {
  readonly settings: SettingKeeper
  readonly hooks: Hooks
  readonly tell: Tell
  readonly judged: Pick<Judgement, 'schema' | 'doubt'>
}

/** How long a node may take to tell its schema, in milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000

/** Makes a node's connections as the options have it; does no I/O. */
export function nodeOpener(
  options: ResolvedOptions,
  platform: Platform,
  connect: Connect,
  { hooks, judged, settings, tell }: NodePort,
  listener: LeasePoolListener,
): (config: NodeConfig) => ServerNode {
  const { lanes, prepare } = options
  let isTold = false
  const lanesUnavailable = (): void => {
    if (!isTold) tell('lanesUnavailable')
    isTold = true
  }
  const cleaning: Questions = (client) => settings.connections.steps(client, Journal.empty)
  const isLendable = (client: PoolClient): boolean => settings.isLendable(client) && hooks.isLendable(client)
  const lending = (client: PoolClient, proceed: () => void): void => hooks.quiet(client, proceed)
  const told = { ...listener, lanesUnavailable, lending }
  const sharingOf = (config: NodeConfig): SharingOptions => {
    const connection = new KeptConnection(connect, platform, options.probeTimeoutMs, ANSWER_TIMEOUT_MS)
    const schema = new NodeSchema({
      platform,
      ask: () => schemaOf((sql) => connection.rows(config.options, sql)),
      known: () => judged.schema,
      differs: () => judged.doubt(),
      close: () => connection.close(),
    })
    return { platform, lanes, prepare, cleaning, schema }
  }
  return (config) => {
    // Where a read is, has to be found out for each of them.
    const sharing = config.isBalanced ? undefined : sharingOf(config)
    return new LeasePool(hooks.around(config), connect, told, isLendable, sharing)
  }
}
