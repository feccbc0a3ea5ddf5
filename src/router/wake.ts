import { deadline } from '../platform/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Executors } from './executors.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Time that reads which were in flight during such a sleep have for their answers, in milliseconds. */
const GRACE_MS = 1_000

export interface WakeOptions {
  /** Length of a sleep after which nothing that was known of the cluster counts, in milliseconds. */
  readonly forgetAfterMs: number
  readonly platform: Platform
  readonly cluster: Pick<WatchedCluster, 'rest'>
  readonly executors: Pick<Executors, 'abandonLater'>
}

/** Starts over after the process has slept for long: its knowledge is old, and its connections may be dead. */
export function wake(options: WakeOptions, sleptMs: number): void {
  const { cluster, executors, forgetAfterMs, platform } = options
  if (sleptMs < forgetAfterMs) return
  const abandon = executors.abandonLater()
  cluster.rest()
  if (abandon === undefined) return
  // A dead connection may never say so, and a new one to the same server answers.
  deadline(platform, GRACE_MS, () =>
    abandon(new Error('The connection gave no answer after the process had been suspended')),
  )
}
