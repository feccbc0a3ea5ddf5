import { expect, test } from 'vitest'
import { Auditor } from './auditor.ts'
import { History, POOL_SESSION, type Read, type Truth, type Write } from './history.ts'

/** A call lasts half a millisecond. */
function wrote(n: number, atMs: number, more: Partial<Write> = {}): Write {
  const times = { beganMs: atMs, endedMs: atMs + 0.5 }
  return { key: 'a', n, session: 's', told: 'acknowledged', port: 1, ...times, ...more }
}

function saw(atMs: number, values: Readonly<Record<string, number>>, more: Partial<Read> = {}): Read {
  const times = { beganMs: atMs, endedMs: atMs + 0.5 }
  return { session: 's', promised: 'session', shown: new Map(Object.entries(values)), ...times, ...more }
}

interface Row {
  readonly writes?: readonly Write[]
  readonly reads?: readonly Read[]
  /** Rows in the end. */
  readonly rows: Readonly<Record<string, readonly number[]>>
  readonly lastRows?: Readonly<Record<string, readonly number[]>>
  readonly fenced?: readonly [port: number, fromMs: number]
  readonly continued?: readonly [session: string, from: string]
}

const truth = (rows: Row['rows']): Truth => new Map(Object.entries(rows))

function propertiesOf({ continued, fenced, lastRows, reads = [], rows, writes = [] }: Row): string[] {
  const history = new History()
  history.writes.push(...writes)
  history.reads.push(...reads)
  if (lastRows !== undefined) history.lastRows.push(truth(lastRows))
  if (fenced !== undefined) history.fenced.push({ port: fenced[0], fromMs: fenced[1], untilMs: Infinity })
  if (continued !== undefined) history.continued.set(...continued)
  return new Auditor(history, truth(rows)).judge().violations.map(({ property }) => property)
}

const other = { key: 'b', session: 'other' }
const kept: readonly (readonly [string, Row])[] = [
  ['a write that is there', { writes: [wrote(1, 0)], rows: { a: [1] } }],
  ['a write of unknown outcome', { writes: [wrote(1, 0, { told: 'unknown' })], rows: {} }],
  ['the same, and there', { writes: [wrote(1, 0, { told: 'unknown' })], rows: { a: [1] } }],
  ['a write that the old primary had', { writes: [wrote(1, 0)], rows: {}, lastRows: { a: [1] } }],
  [
    'an older value after a newer one was lost',
    {
      writes: [wrote(1, 0), wrote(2, 1)],
      reads: [saw(2, { a: 2 }), saw(3, { a: 1 })],
      rows: { a: [1] },
      lastRows: { a: [1, 2] },
    },
  ],
  [
    'another session that has not seen it yet',
    { writes: [wrote(1, 0)], reads: [saw(1, { a: 0 }, { session: 'other' })], rows: { a: [1] } },
  ],
  [
    'a bounded read within its bound',
    {
      writes: [wrote(1, 0)],
      reads: [saw(5, { a: 0 }, { promised: 'bounded', boundMs: 10 })],
      rows: { a: [1] },
    },
  ],
  ['a write to the former primary before that', { writes: [wrote(1, 0)], rows: { a: [1] }, fenced: [1, 5] }],
]

test.each(kept)('kept: %s', (_what, row) => {
  expect(propertiesOf(row)).toEqual([])
})

const session = 'a session reads its writes, and never goes back'
const broken: readonly (readonly [string, Row, string])[] = [
  ['a write that is gone', { writes: [wrote(1, 0)], rows: {} }, 'no acknowledged write is lost'],
  [
    'a write that is there twice',
    { writes: [wrote(1, 0)], rows: { a: [1, 1] } },
    'no write is applied twice',
  ],
  ['a row of no caller', { rows: { a: [1] } }, 'every row was written'],
  [
    'a write that is said not to be there',
    { writes: [wrote(1, 0, { told: 'not-sent' })], rows: { a: [1] } },
    'an error says what became of a write',
  ],
  [
    'half of a transaction',
    {
      writes: [
        wrote(1, 0, { transaction: 1, told: 'unknown' }),
        wrote(1, 0, { ...other, transaction: 1, told: 'unknown' }),
      ],
      rows: { b: [1] },
    },
    'a transaction is whole',
  ],
  [
    'a write to a former primary',
    { writes: [wrote(1, 6)], rows: { a: [1] }, fenced: [1, 5] },
    'no write goes to a former primary',
  ],
  [
    'a read without the own write',
    { writes: [wrote(1, 0)], reads: [saw(1, { a: 0 })], rows: { a: [1] } },
    session,
  ],
  [
    'a read that goes back',
    {
      writes: [wrote(1, 0, { session: 'other' })],
      reads: [saw(1, { a: 1 }), saw(2, { a: 0 })],
      rows: { a: [1] },
    },
    session,
  ],
  [
    'a read without a write that came before one that was seen',
    {
      writes: [wrote(1, 0, other), wrote(1, 1, { session: 'other' })],
      reads: [saw(2, { a: 1 }), saw(3, { b: 0 })],
      rows: { a: [1], b: [1] },
    },
    session,
  ],
  [
    'a read by a token of the writer',
    {
      writes: [wrote(1, 0, { session: 'before' })],
      reads: [saw(1, { a: 0 })],
      rows: { a: [1] },
      continued: ['s', 'before'],
    },
    session,
  ],
  [
    'a value that was never committed',
    { writes: [wrote(1, 0, { told: 'unknown' })], reads: [saw(1, { a: 1 })], rows: {} },
    'nothing is shown and taken back',
  ],
  [
    'a read of the process without a write of the process',
    { writes: [wrote(1, 0)], reads: [saw(1, { a: 0 }, { session: POOL_SESSION })], rows: { a: [1] } },
    'the process reads its writes',
  ],
  [
    'a strong read without a write of another session',
    {
      writes: [wrote(1, 0)],
      reads: [saw(1, { a: 0 }, { session: 'other', promised: 'everything' })],
      rows: { a: [1] },
    },
    'a strong read, or a transaction that writes, shows everything',
  ],
  [
    'a bounded read beyond its bound',
    {
      writes: [wrote(1, 0)],
      reads: [saw(50, { a: 0 }, { session: 'other', promised: 'bounded', boundMs: 10 })],
      rows: { a: [1] },
    },
    'a bounded read is not older than said',
  ],
]

test.each(broken)('broken: %s', (_what, row, property) => {
  expect(propertiesOf(row)).toEqual([property])
})
