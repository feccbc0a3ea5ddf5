import type { Client } from 'pg'
import type { Settings } from './config/settings.ts'
import { LeasePool, type LeasePoolListener } from './nodes/lease-pool.ts'
import type { NodeConfig, ServerNode } from './nodes/server-node.ts'
import type { Platform } from './platform/platform.ts'

/** Makes a node's connections as the settings have it; does no I/O. */
export function nodeOpener(
  { lanes, prepare }: Settings,
  platform: Platform,
  ClientClass: typeof Client,
  listener: LeasePoolListener,
): (config: NodeConfig) => ServerNode {
  const sharing = { platform, lanes, prepare }
  return (config) => new LeasePool(config, ClientClass, listener, sharing)
}
