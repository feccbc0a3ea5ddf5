import { describe, expect, it } from 'vitest'
import { renderLine } from './paint.ts'
import { progressLines, tableLines } from './table.ts'
import type { NodeView, View } from './view.ts'

const primary: NodeView = {
  name: 'primary',
  id: '127.0.0.1:1',
  role: 'primary',
  standing: 'primary',
  lagMs: undefined,
  lagBytes: undefined,
  connections: 10,
  queries: 700,
  queriesPerSecond: 187.4,
  recentShare: 0.061,
  totalShare: 0.05,
}
const replica: NodeView = {
  ...primary,
  name: 'replica 1',
  role: 'replica',
  standing: 'in rotation',
  lagMs: 0,
  queriesPerSecond: 1500,
  recentShare: 0.9,
}
const view: View = {
  elapsedMs: 7049,
  nodes: [
    primary,
    replica,
    {
      ...replica,
      name: 'replica 2',
      standing: 'lagging',
      lagMs: 1317,
      queriesPerSecond: 12,
      recentShare: 0.001,
    },
  ],
  offload: 0.93999,
  queries: 12_345,
  queriesPerSecond: 1700,
  reads: 11_000,
  checks: 1204,
  violations: 0,
  errors: 0,
  p50Ms: 0.741,
  p99Ms: 12.34,
}
const happenings = [
  { atSeconds: 3.8, node: 'replica 2', what: 'replay paused' },
  { atSeconds: 5.5, node: 'replica 2', what: 'out of the rotation, 1.3 s behind' },
]

function text(shown: View, options: { rows?: number; columns?: number; color?: boolean } = {}): string {
  const { rows, columns, color = false } = options
  return tableLines(shown, happenings, { seconds: 15, rows, columns })
    .map((line) => renderLine(line, color, columns))
    .join('\n')
}

function withNode(node: Partial<NodeView>): string {
  return text({ ...view, nodes: [{ ...replica, ...node }] }).split('\n')[3] ?? ''
}

describe('the table', () => {
  it('shows nodes, figures and what happened', () => {
    expect(`\n${text(view)}\n`).toBe(`
  pg-switchyard demo   00:07 of 00:15

  node        state                lag   queries/s   share of the reads
  primary     ● primary              –         187   █                          6.1 %
  replica 1   ● in rotation        0 s       1 500   ██████████████████████    90.0 %
  replica 2   ◐ lagging          1.3 s          12   █                          0.1 %

  reads off the primary 93.9 %   errors 0   stale reads 0 of 1 204 checked
  queries 12 345   p50 0.74 ms   p99 12.3 ms   1 700 queries/s

     3.8 s  replica 2  replay paused
     5.5 s  replica 2  out of the rotation, 1.3 s behind
`)
  })

  it.each([80, 60])('cuts nothing off at %d columns', (columns) => {
    const long = { ...view, violations: 12, checks: 123_456, queries: 1_234_567, errors: 1_234, p99Ms: 123.4 }
    const lines = tableLines(long, happenings, { seconds: 15, columns }).map((line) =>
      renderLine(line, false),
    )
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
    const shown = lines.join('\n')
    for (const whole of [
      '12 of 123 456 checked',
      '1 700 queries/s',
      '90.0 %',
      'errors 1 234',
      'p99 123.4 ms',
    ])
      expect(shown).toContain(whole)
    expect(shown).toContain(columns === 80 ? 'share of the reads' : 'reads\n')
    expect(shown).toContain('out of the rotation, 1.3 s behind')
  })

  it.each([
    [{ standing: 'down', lagMs: undefined }, '○ down                 –'],
    [{ standing: 'lag-unknown', lagMs: undefined }, '◐ lag not known        ?'],
    [{ standing: 'suspected' }, '◐ suspected '],
    [{ standing: 'too-far-behind', lagMs: 12_000 }, '◐ lagging         12.0 s'],
    [{ standing: 'ejected' }, '◐ ejected '],
    [{ standing: 'recovering' }, '◐ recovering '],
    [{ standing: 'drained' }, '○ drained '],
    [{ standing: 'old-timeline' }, '○ old timeline '],
    [{ standing: 'read-only' }, '○ read-only '],
    [{ lagMs: 40 }, '● in rotation    < 0.5 s'],
    [{ lagMs: 700 }, '● in rotation     700 ms'],
  ] as const)('a replica with %o', (node, shown) => {
    expect(withNode(node)).toContain(shown)
  })

  it('stays as narrow and as low as the terminal, and lets the oldest happening go first', () => {
    const lines = text(view, { rows: 13, columns: 40 }).split('\n')
    expect(lines).toHaveLength(13)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40)
    expect(lines.at(-1)).toContain('5.5 s  replica 2')
    expect(text(view, { rows: 10 })).not.toContain('5.5 s')
    expect(text(view, { rows: 5 }).split('\n')).toHaveLength(5)
  })

  it('has no escape sequence without colour, and the same text with it', () => {
    const plain = text(view)
    // oxlint-disable-next-line eslint/no-control-regex
    const escapes = /\u001b\[\d+m/g
    const colored = text(view, { color: true })
    expect(plain).not.toMatch(escapes)
    expect(colored).toMatch(escapes)
    expect(colored.replace(escapes, '').replace(/ +$/gm, '')).toBe(plain)
  })

  it('turns red for errors and stale reads only', () => {
    const red = '\u001b[31m'
    expect(text(view, { color: true })).not.toContain(red)
    expect(text({ ...view, errors: 1 }, { color: true })).toContain(`${red}1`)
    expect(text({ ...view, violations: 3 }, { color: true })).toContain(`${red}3`)
  })
})

it('two lines of progress say the same in short', () => {
  expect(progressLines(view).map((line) => renderLine(line, false))).toEqual([
    '     7.0 s  1 700 queries/s · p99 12.3 ms · errors 0 · stale 0',
    '            reads: primary 6 %, replica 1 90 %, replica 2 0 % (lagging 1.3 s)',
  ])
})
