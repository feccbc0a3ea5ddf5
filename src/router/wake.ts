import { deadline } from '../platform/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Executors } from './executors.ts'
import type { WatchedCluster } from './watched-cluster.ts'

/** Length of a sleep after which nothing that was known of the cluster counts, in milliseconds. */
const FORGET_AFTER_MS = 5_000
/** Time that reads which were in flight during such a sleep have for their answers, in milliseconds. */
const GRACE_MS = 1_000

export interface WakeOptions {
  readonly platform: Platform
  readonly cluster: Pick<WatchedCluster, 'restart'>
  readonly executors: Pick<Executors, 'abandonLater'>
}

/** Starts over after the process has slept for long: its knowledge is old, and its connections may be dead. */
export function wake({ cluster, executors, platform }: WakeOptions, sleptMs: number): void {
  if (sleptMs < FORGET_AFTER_MS) return
  const abandon = executors.abandonLater()
  cluster.restart()
  // A dead connection may never say so, and a new one to the same server answers.
  deadline(platform, GRACE_MS, () =>
    abandon(new Error('The connection gave no answer after the process had been suspended')),
  )
}
