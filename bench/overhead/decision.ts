import type { Catalog } from '../../src/catalog/catalog.ts'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { createSession } from '../../src/consistency/session.ts'
import { HealthBook } from '../../src/execution/health-book.ts'
import { systemPlatform } from '../../src/platform/system.ts'
import { decideRoute, type RoutingPolicy } from '../../src/routing/decide.ts'
import { peakEwma } from '../../src/selection/peak-ewma.ts'
import { planQuery, type Selection } from '../../src/selection/plan.ts'
import { createJudge } from '../../src/statement/caching-judge.ts'
import type { Judge } from '../../src/statement/judge.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import type { Snapshot } from '../../src/topology/snapshot.ts'
import { freshAsOf, primaryView, replicaView } from '../../test/support/views.ts'
import { heapInUse } from '../support/heap.ts'
import { median } from '../support/interleave.ts'

export interface DecisionFigures {
  /** Judging a text seen before, routing and planning, with this many replicas; in microseconds, the median of rounds. */
  readonly microseconds: Readonly<Record<number, number>>
  /** Memory of a text in the cache, in bytes: of its own, and one that differs from another in constants alone. */
  readonly bytesPerStatement: { readonly ofItsOwn: number; readonly alike: number }
}

const ROUNDS = 15
const DECISIONS = 100_000
const STATEMENTS = 20_000

/** As of a database that has been looked at. */
const catalog: Catalog = {
  version: 1,
  source: 'loaded',
  standardConformingStrings: true,
  functionVerdict: (use) => builtinCatalog.functionVerdict(use),
  relationVerdict: () => 'replicated',
  operatorVerdict: (use) => builtinCatalog.operatorVerdict(use),
  typeVerdict: (use) => builtinCatalog.typeVerdict(use),
}

const policy: RoutingPolicy = { consistency: 'causal', windowMs: 2000, maxStalenessMs: 1000 }

/** Measures the cost of a decision by itself: nothing is sent. */
export async function decisionFigures(sql: string): Promise<DecisionFigures> {
  const parser = createLibpgQueryParser()
  await parser.load()
  const judgeOf = (): Judge =>
    createJudge({ parser, catalog: () => catalog, cacheBytes: 1e9, maxSqlBytes: 100_000 })
  const judge = judgeOf()
  const microseconds = Object.fromEntries(
    [1, 3, 8].map((replicas) => [replicas, timePerDecision(judge, sql, replicas)]),
  )
  const ofItsOwn = bytesEach(judgeOf(), (i) => `select a${i}, label, price from products where id = $1`)
  const alike = bytesEach(judgeOf(), (i) => `select id, label, price from products where id = ${i}`)
  return { microseconds, bytesPerStatement: { ofItsOwn, alike } }
}

function timePerDecision(judge: Judge, sql: string, replicas: number): number {
  const platform = systemPlatform
  const nowMs = platform.now()
  const views = Array.from({ length: replicas }, (_, i) => replicaView(`r${i}:5432`, freshAsOf(nowMs)))
  const primary = primaryView()
  const snapshot: Snapshot = { nodes: [primary, ...views], primary }
  const health = new HealthBook(platform, { ejected: () => {} })
  const selection: Selection = { balancer: peakEwma(), health, random: () => platform.random(), spills: true }
  const session = createSession()
  const asked = { request: {}, keyValues: [] }
  let steps = 0
  const decide = (): void => {
    const route = decideRoute(judge.judge(sql), session, asked, policy, platform.now())
    steps += planQuery(route, snapshot, selection, platform.now()).steps.length
  }
  const rounds = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now()
    for (let i = 0; i < DECISIONS; i++) decide()
    return ((performance.now() - startedAt) * 1000) / DECISIONS
  })
  if (steps !== ROUNDS * DECISIONS * (replicas + 1)) throw new Error('A decision left out a replica')
  return Number(median(rounds.slice(2)).toFixed(3))
}

function bytesEach(judge: Judge, text: (index: number) => string): number {
  const before = heapInUse()
  for (let i = 0; i < STATEMENTS; i++) judge.judge(text(i))
  const bytes = heapInUse() - before
  // It is kept until here.
  judge.judge(text(0))
  return Math.round(bytes / STATEMENTS)
}
