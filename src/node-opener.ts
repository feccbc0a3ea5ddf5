import type { Client, PoolClient } from 'pg'
import type { Settings } from './config/settings.ts'
import type { Hooks } from './hooks.ts'
import { LeasePool, type LeasePoolListener } from './nodes/lease-pool.ts'
import type { Clean } from './nodes/plain-query.ts'
import type { NodeConfig, ServerNode } from './nodes/server-node.ts'
import type { Tell } from './observability/tell.ts'
import type { Platform } from './platform/platform.ts'
import { Journal } from './settings/journal.ts'
import type { SettingKeeper } from './settings/setting-keeper.ts'

/** What a node's connections are opened for. */
export interface NodeHost {
  readonly settings: SettingKeeper
  readonly hooks: Hooks
  readonly tell: Tell
}

/** Makes a node's connections as the options have it; does no I/O. */
export function nodeOpener(
  { lanes, prepare }: Settings,
  platform: Platform,
  ClientClass: typeof Client,
  { hooks, settings, tell }: NodeHost,
  listener: LeasePoolListener,
): (config: NodeConfig) => ServerNode {
  let isTold = false
  const lanesUnavailable = (): void => {
    if (!isTold) tell('lanesUnavailable')
    isTold = true
  }
  const clean: Clean = (client, done) => settings.connections.bring(client, Journal.empty, done)
  const sharing = { platform, lanes, prepare, clean }
  const isLendable = (client: PoolClient): boolean => settings.isLendable(client) && hooks.isLendable(client)
  const told = { ...listener, lanesUnavailable }
  return (config) => {
    // Where a read is, has to be found out for each of them.
    const shared = config.isBalanced ? undefined : sharing
    return new LeasePool(hooks.around(config), ClientClass, told, isLendable, shared)
  }
}
