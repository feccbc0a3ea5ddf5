import type { ClusterNode } from '../../src/test-cluster/index.ts'
import { alterSystem } from './settings.ts'

/** From now on this replica replays each commit so many milliseconds after it was made. */
export async function applyDelay({ config }: ClusterNode, ms: number): Promise<void> {
  await alterSystem(config, { recovery_min_apply_delay: ms === 0 ? null : `${Math.round(ms)}ms` })
}
