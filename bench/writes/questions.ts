import type { Cluster } from '../../src/test-cluster/index.ts'
import { rounded } from '../support/latencies.ts'
import type { SentStatements } from '../support/sent-statements.ts'
import { Contender } from './contender.ts'
import { ROWS } from './ground.ts'
import { runRound } from './load.ts'

export interface QuestionsOptions {
  readonly cluster: Cluster
  readonly max: number
  readonly questions: SentStatements
  readonly seconds: number
}

export interface NobodyReads {
  readonly writesPerSecond: number
  readonly writes: number
  /** Questions to the primary beyond those that it gets without writes. */
  readonly questions: number
  readonly questionsPerWrite: number
}

/** Returns the questions to the primary per second of a pool that only reads. */
export async function idleQuestions(options: QuestionsOptions): Promise<number> {
  const { asked, tookSeconds } = await ask(options, { callers: 1, writesPerSecond: 0 })
  return asked / tookSeconds
}

/** Counts what the primary is asked while a pool only writes. */
export async function whileNobodyReads(
  options: QuestionsOptions,
  writesPerSecond: number,
  idlePerSecond: number,
): Promise<NobodyReads> {
  const { asked, tookSeconds, writes } = await ask(options, { callers: 0, writesPerSecond })
  const questions = Math.max(0, asked - idlePerSecond * tookSeconds)
  return {
    writesPerSecond,
    writes,
    questions: rounded(questions, 1),
    questionsPerWrite: rounded(questions / writes, 4),
  }
}

async function ask(
  { cluster, max, questions, seconds }: QuestionsOptions,
  load: { readonly callers: number; readonly writesPerSecond: number },
): Promise<{ readonly asked: number; readonly writes: number; readonly tookSeconds: number }> {
  const contender = await Contender.open(cluster, 'causal', max)
  try {
    const round = await runRound(
      contender,
      {
        ...load,
        seconds,
        request: () => ['read'],
        inSessions: false,
        readRow: (random) => random.integer(ROWS, 2 * ROWS - 1),
        writtenRow: (random) => random.integer(0, ROWS - 1),
      },
      1,
      questions,
    )
    return { asked: round.questions, writes: round.writes.count, tookSeconds: round.tookSeconds }
  } finally {
    await contender.close()
  }
}
