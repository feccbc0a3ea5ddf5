import type { Random } from '../../src/cli/demo/random.ts'
import { LatencyRecorder, rounded, type Latencies } from './latencies.ts'

export interface OpenLoop {
  readonly random: Random
  /** Mean arrivals; they come at random times (a Poisson process). */
  readonly perSecond: number
  readonly seconds: number
  /** Not measured, in front of the rest. @defaultValue 0 */
  readonly warmUpSeconds?: number
  /** Called when the warm-up is over. */
  readonly warm?: () => void
  readonly once: () => Promise<unknown>
}

export interface OpenLoopFigures extends Latencies {
  readonly perSecond: number
  readonly errors: number
}

/**
 * Users do not wait for each other: arrivals are planned ahead, whether earlier ones have ended or not. The time of
 * each counts from its planned arrival. So the figures include all stalls of the system and of this process (no
 * coordinated omission).
 */
export async function openLoop(load: OpenLoop): Promise<OpenLoopFigures> {
  const { once, perSecond, random, seconds, warm, warmUpSeconds = 0 } = load
  const recorder = new LatencyRecorder()
  const startedAtMs = performance.now()
  const warmAtMs = startedAtMs + warmUpSeconds * 1000
  const endsAtMs = warmAtMs + seconds * 1000
  const pending = new Set<Promise<void>>()
  let errors = 0
  let answered = 0
  let isWarm = false
  const arrive = (dueAtMs: number): void => {
    const ended = (failed: boolean): void => {
      if (dueAtMs < warmAtMs) return
      if (failed) errors += 1
      else answered += 1
      recorder.record(performance.now() - dueAtMs)
    }
    const asked: Promise<void> = once().then(
      () => ended(false),
      () => ended(true),
    )
    pending.add(asked)
    void asked.finally(() => pending.delete(asked))
  }
  let dueAtMs = startedAtMs
  while (dueAtMs < endsAtMs) {
    const nowMs = performance.now()
    if (dueAtMs > nowMs) {
      await new Promise((resolve) => setTimeout(resolve, dueAtMs - nowMs))
      continue
    }
    if (!isWarm && dueAtMs >= warmAtMs) {
      isWarm = true
      warm?.()
    }
    arrive(dueAtMs)
    dueAtMs += (-Math.log(1 - random.next()) * 1000) / perSecond
  }
  await Promise.all(pending)
  const tookMs = performance.now() - warmAtMs
  return { ...recorder.latencies(), perSecond: rounded((answered * 1000) / tookMs, 1), errors }
}
