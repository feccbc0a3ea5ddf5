import type { ClusterNode } from '../../src/test-cluster/index.ts'
import { ask } from './servers.ts'

/** From now on this replica replays each commit so many milliseconds after it was made. */
export async function applyDelay({ config }: ClusterNode, ms: number): Promise<void> {
  await ask(config, `alter system set recovery_min_apply_delay = '${Math.round(ms)}ms'`)
  await ask(config, 'select pg_reload_conf()')
}
