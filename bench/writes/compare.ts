import type { Cluster } from '../../src/test-cluster/index.ts'
import { median } from '../support/interleave.ts'
import { rounded } from '../support/latencies.ts'
import type { SentStatements } from '../support/sent-statements.ts'
import { Contender, type ContenderName } from './contender.ts'
import { runRound, type Load, type Round } from './load.ts'

/** Times, each the median of all rounds. */
export interface Times {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface ContenderFigures {
  readonly readsPerSecond: number
  readonly reads: Times
  /** Reads of requests that do not write. */
  readonly readsOfReaders: Times
  readonly writes: Times
  /** Share of the reads that the primary answered, from 0 to 1. */
  readonly primaryShare: number
  /** Reads that showed less than they had to. */
  readonly staleReads: number
  readonly errors: number
  /** Questions to the primary, beyond those that it gets without writes, per write. */
  readonly questionsPerWrite: number
}

/** Median, least and most of the ratios of neighbouring rounds. */
export interface Ratio {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** One contender over another one. Times are ratios of times: more is slower. */
export interface Comparison {
  readonly readsPerSecond: Ratio
  readonly p50: Ratio
  readonly p99: Ratio
  /** Of the reads of requests that do not write. */
  readonly readersP50: Ratio
  readonly readersP99: Ratio
}

export interface Figures {
  readonly contenders: Readonly<Partial<Record<ContenderName, ContenderFigures>>>
  readonly overBare: Comparison
  /** Present where `eventual` was measured as well. */
  readonly overEventual?: Comparison
  /** Present where `unwritten` was measured as well. */
  readonly overUnwritten?: Comparison
}

export interface Measure {
  readonly cluster: Cluster
  readonly rounds: number
  readonly seconds: number
  /** Connections to each server. */
  readonly max: number
  /** Questions to the primary. */
  readonly questions: SentStatements
  /** Of these, those per second of a pool that only reads. */
  readonly idleQuestions: number
}

/**
 * Applies a load to contenders in turn: A B C, C B A and so on. The first round of each does not count. A machine that
 * gets slower or faster meanwhile does so for all of them.
 */
export async function compare(
  measure: Measure,
  names: readonly ContenderName[],
  load: Load,
): Promise<Figures> {
  const { cluster, idleQuestions, max, questions, rounds } = measure
  const contenders = await Promise.all(names.map((name) => Contender.open(cluster, name, max)))
  const measured = new Map(names.map((name) => [name, [] as Round[]] as const))
  try {
    const warmUp = { ...load, seconds: Math.min(load.seconds, 0.3) }
    for (const contender of contenders) await runRound(contender, warmUp, 0, questions)
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? contenders : contenders.toReversed()
      for (const contender of order) {
        measured.get(contender.name)?.push(await runRound(contender, load, round + 1, questions))
      }
    }
  } finally {
    await Promise.all(contenders.map((contender) => contender.close()))
  }
  const roundsOf = (name: ContenderName): readonly Round[] => measured.get(name) ?? []
  const over = (base: ContenderName): Comparison => comparisonOf(roundsOf('causal'), roundsOf(base))
  const idle = idleQuestions * names.filter((name) => name !== 'bare').length
  return {
    contenders: Object.fromEntries(names.map((name) => [name, figuresOf(roundsOf(name), idle)])),
    overBare: over('bare'),
    ...(names.includes('eventual') ? { overEventual: over('eventual') } : {}),
    ...(names.includes('unwritten') ? { overUnwritten: over('unwritten') } : {}),
  }
}

function figuresOf(rounds: readonly Round[], idlePerSecond: number): ContenderFigures {
  const middle = (of: (round: Round) => number): number => rounded(median(rounds.map(of)), 3)
  const sum = (of: (round: Round) => number): number => rounds.reduce((total, round) => total + of(round), 0)
  const times = (kind: 'reads' | 'readsOfReaders' | 'writes'): Times => ({
    count: sum((round) => round[kind].count),
    p50Ms: middle((round) => round[kind].p50Ms),
    p99Ms: middle((round) => round[kind].p99Ms),
  })
  const reads = times('reads')
  const writes = times('writes')
  const questions = sum((round) => round.questions - idlePerSecond * round.tookSeconds)
  return {
    readsPerSecond: Math.round(middle((round) => round.readsPerSecond)),
    reads,
    readsOfReaders: times('readsOfReaders'),
    writes,
    primaryShare: rounded(sum((round) => round.readsOfPrimary) / reads.count, 4),
    staleReads: sum((round) => round.staleReads),
    errors: sum((round) => round.errors),
    questionsPerWrite: writes.count === 0 ? 0 : rounded(Math.max(0, questions) / writes.count, 3),
  }
}

function comparisonOf(rounds: readonly Round[], bases: readonly Round[]): Comparison {
  const ratio = (of: (round: Round) => number): Ratio => {
    const ratios = rounds.map((round, index) => {
      const base = bases[index]
      return base === undefined ? Number.NaN : of(round) / of(base)
    })
    return {
      median: rounded(median(ratios), 3),
      min: rounded(Math.min(...ratios), 3),
      max: rounded(Math.max(...ratios), 3),
    }
  }
  return {
    readsPerSecond: ratio(({ readsPerSecond }) => readsPerSecond),
    p50: ratio(({ reads }) => reads.p50Ms),
    p99: ratio(({ reads }) => reads.p99Ms),
    readersP50: ratio(({ readsOfReaders }) => readsOfReaders.p50Ms),
    readersP99: ratio(({ readsOfReaders }) => readsOfReaders.p99Ms),
  }
}
