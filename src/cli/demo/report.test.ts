import { describe, expect, it } from 'vitest'
import { renderLine, wrapped } from './paint.ts'
import { isGood, reportOf, summaryLines, type Report } from './report.ts'

const good: Report = reportOf({
  view: {
    elapsedMs: 15_003,
    nodes: [
      {
        name: 'replica 1',
        id: '127.0.0.1:2',
        role: 'replica',
        standing: 'in rotation',
        lagMs: 12.7,
        lagBytes: undefined,
        connections: 10,
        queries: 28_000,
        queriesPerSecond: 2000,
        recentShare: 0.97,
        totalShare: 0.947_38,
      },
    ],
    offload: 0.948_712_3,
    queries: 30_787,
    queriesPerSecond: 2000,
    reads: 29_530,
    checks: 2067,
    violations: 0,
    errors: 0,
    p50Ms: 0.740_99,
    p99Ms: 7.678_12,
  },
  seconds: 15,
  seed: 1,
  crossCheck: {
    method: 'pg_stat_statements',
    reads: 29_530,
    readsOnPrimary: 1515,
    offload: 0.948_696,
    agrees: true,
  },
  events: [{ atSeconds: 7.5, node: 'replica 2', what: 'kill -9' }],
  kindsOfErrors: [],
  staleReads: [],
})

function summary(report: Report): string {
  return summaryLines(report)
    .map((line) => renderLine(line, false))
    .join('\n')
}

describe('reportOf', () => {
  it('is what --json prints: no undefined, no false precision', () => {
    expect(JSON.parse(JSON.stringify(good))).toEqual({
      seconds: 15,
      seed: 1,
      queries: 30_787,
      reads: 29_530,
      errors: 0,
      violations: 0,
      checks: 2067,
      offload: 0.9487,
      p50Ms: 0.741,
      p99Ms: 7.678,
      nodes: [
        {
          name: 'replica 1',
          id: '127.0.0.1:2',
          role: 'replica',
          state: 'in rotation',
          lagMs: 13,
          lagBytes: null,
          queries: 28_000,
          shareOfReads: 0.9474,
        },
      ],
      crossCheck: {
        method: 'pg_stat_statements',
        reads: 29_530,
        readsOnPrimary: 1515,
        offload: 0.9487,
        agrees: true,
      },
      events: [{ atSeconds: 7.5, node: 'replica 2', what: 'kill -9' }],
      kindsOfErrors: {},
      staleReads: [],
    })
  })
})

describe('isGood', () => {
  it.each<readonly [what: string, change: Partial<Report>, isGood: boolean]>([
    ['nothing happened', {}, true],
    ['one error', { errors: 1 }, false],
    ['one stale read', { violations: 1 }, false],
    ['the primary says something else', { crossCheck: { ...good.crossCheck, agrees: false } }, false],
    ['the primary cannot tell', { crossCheck: { ...good.crossCheck, agrees: null } }, true],
  ])('%s', (_what, change, expected) => {
    expect(isGood({ ...good, ...change })).toBe(expected)
  })
})

describe('the summary', () => {
  it('has everything in its headline', () => {
    expect(`\n${summary(good)}\n`).toBe(`
  0 errors · 0 stale reads · 94 % of reads off the primary

  30 787 queries in 15 s, 2 052 a second: p50 0.74 ms, p99 7.68 ms
  Users read back what they had written 2 067 times; they always saw it
  The primary's own count agrees: it ran 1 515 of 29 530 reads (pg_stat_statements)

  What next?
  See what it would do to your traffic; nothing is changed:
    npx pg-switchyard dry-run --log FILE --server URL
  Run this load on servers of your own:
    npx pg-switchyard demo --primary URL --replica URL
  Put it into your application, in five lines:
    https://github.com/pg-switchyard/pg-switchyard#install
`)
  })

  it('says what went wrong', () => {
    const text = summary({
      ...good,
      errors: 3,
      violations: 1,
      kindsOfErrors: { 'SQLSTATE 57P01': 2, ECONNRESET: 1 },
      staleReads: [{ what: 'order', afterMs: 12 }],
      crossCheck: { ...good.crossCheck, agrees: false },
    })
    expect(text).toContain('3 errors · 1 stale read · 94 %')
    expect(text).toContain('1 time they did not see it')
    expect(text).toContain("The primary's own count disagrees: it ran 1 515 of 29 530 reads")
    expect(text).toContain('Errors: 2 × SQLSTATE 57P01, 1 × ECONNRESET')
    expect(text).toContain('Stale reads, for example: order read back 12 ms after its write')
  })

  it('calls a bound a bound', () => {
    const crossCheck = { ...good.crossCheck, method: 'pg_stat_database', agrees: null } as const
    expect(summary({ ...good, crossCheck })).toContain(
      'it ran at most 1 515 of 29 530 reads (pg_stat_database)',
    )
  })
})

it.each([80, 60])('at %d columns the summary is broken between words', (columns) => {
  const lines = summaryLines(good).flatMap((line) =>
    wrapped(line, columns).map((each) => renderLine(each, false)),
  )
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
  const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '')
  const whole = summaryLines(good)
    .map((line) => renderLine(line, false))
    .join(' ')
  expect(words(lines.join(' '))).toEqual(words(whole))
  for (const line of lines.filter((each) => each !== '')) expect(line).toMatch(/^ {2}(?: {2})?\S/)
})
