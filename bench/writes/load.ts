import { createRandom, type Random } from '../../src/cli/demo/random.ts'
import { LatencyRecorder, type Latencies } from '../support/latencies.ts'
import { openLoop } from '../support/open-loop.ts'
import type { SentStatements } from '../support/sent-statements.ts'
import type { Contender } from './contender.ts'
import type { Row } from './ground.ts'

export type Work = 'read' | 'write'

/** The load on each contender. */
export interface Load {
  /** Callers of a closed loop, each with one request at a time. */
  readonly callers: number
  /** Returns the statements of a request. */
  readonly request: (random: Random) => readonly Work[]
  /** Whether each request has a session of its own. */
  readonly inSessions: boolean
  readonly readRow: (random: Random) => Row
  readonly writtenRow: (random: Random) => Row
  /** Writes of an open loop beside the callers; 0 for none. In sessions each is a request of its own. */
  readonly writesPerSecond: number
  readonly seconds: number
}

/** The result of one contender in one round. */
export interface Round {
  readonly readsPerSecond: number
  readonly reads: Latencies
  /** Of the requests that do not write. */
  readonly readsOfReaders: Latencies
  readonly writes: Latencies
  readonly readsOfPrimary: number
  /** Questions to the primary by all pools that are open. */
  readonly questions: number
  readonly staleReads: number
  readonly errors: number
  /** Until everything sent had been answered. */
  readonly tookSeconds: number
}

// Steady arrivals: with this chance the pauses of an open loop are all as long as their mean.
const STEADY: Random = { ...createRandom(1), next: () => 1 - 1 / Math.E }

/** Applies a load for one round. Resolves when everything sent has been answered. */
export async function runRound(
  contender: Contender,
  load: Load,
  seed: number,
  questions: SentStatements,
): Promise<Round> {
  const { callers, inSessions, readRow, request, seconds, writesPerSecond, writtenRow } = load
  const random = createRandom(seed)
  const reads = new LatencyRecorder()
  const readsOfReaders = new LatencyRecorder()
  const writes = new LatencyRecorder()
  let errors = 0
  const failed = (): void => void (errors += 1)
  const before = contender.tally()
  const askedBefore = questions.count
  const startedAtMs = performance.now()
  const isOver = (): boolean => performance.now() - startedAtMs >= seconds * 1000

  const write = (): Promise<void> => {
    const sentAtMs = performance.now()
    return contender
      .request(inSessions, (knowledge) => contender.write(writtenRow(random), knowledge))
      .then(() => writes.record(performance.now() - sentAtMs), failed)
  }
  const caller = async (): Promise<void> => {
    while (!isOver()) {
      const statements = request(random)
      const isReader = !statements.includes('write')
      await contender.request(inSessions, async (knowledge) => {
        for (const statement of statements) {
          const sentAtMs = performance.now()
          try {
            if (statement === 'read') await contender.read(readRow(random), knowledge)
            else await contender.write(writtenRow(random), knowledge)
          } catch {
            failed()
            continue
          }
          const ms = performance.now() - sentAtMs
          if (statement === 'write') writes.record(ms)
          else {
            reads.record(ms)
            if (isReader) readsOfReaders.record(ms)
          }
          if (isOver()) return
        }
      })
    }
  }
  const writing =
    writesPerSecond > 0
      ? openLoop({ random: STEADY, perSecond: writesPerSecond, seconds, once: write })
      : undefined
  await Promise.all(Array.from({ length: callers }, caller))
  const tookSeconds = (performance.now() - startedAtMs) / 1000
  await writing
  const allSeconds = (performance.now() - startedAtMs) / 1000
  const after = contender.tally()
  return {
    readsPerSecond: (after.reads - before.reads) / tookSeconds,
    reads: reads.latencies(3),
    readsOfReaders: readsOfReaders.latencies(3),
    writes: writes.latencies(3),
    readsOfPrimary: after.readsOfPrimary - before.readsOfPrimary,
    questions: questions.count - askedBefore,
    staleReads: after.staleReads - before.staleReads,
    errors,
    tookSeconds: allSeconds,
  }
}
