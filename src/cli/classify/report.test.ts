import { describe, expect, test } from 'vitest'
import { renderLine } from '../demo/paint.ts'
import { openJudge } from './judge-text.ts'
import { reportLines } from './report.ts'

const judge = await openJudge({ database: undefined, declaredFile: undefined })

async function report(sql: string, askedDatabase = true): Promise<readonly string[]> {
  const lines = reportLines(sql, await judge(sql), { columns: 80, askedDatabase })
  return lines.map((line) => renderLine(line, false))
}

test('a read', async () => {
  expect(await report('SELECT 1')).toEqual([
    'read → a replica',
    'It reads, and nothing in it has to be on the primary (select)',
  ])
})

test('a write, with the piece that makes it one', async () => {
  expect(await report("SELECT a,\n  nextval('s')\nFROM t")).toEqual([
    'write → the primary',
    'nextval() changes data, or is refused by a standby (function-writes)',
    '',
    "   2 |   nextval('s')",
    '     |   ^^^^^^^',
  ])
})

describe('facts', () => {
  const severalStatements = /^The text holds several statements/
  const connection = /^It leaves state on its connection/
  const noChange = /^It changes no data/
  const mayChange = /^It may change data/
  const misspelt = /^A comment in it seems to ask for a route, and is ignored/
  const all = [
    severalStatements,
    connection,
    noChange,
    mayChange,
    misspelt,
    /^A comment in it asks/,
    /^The tr/,
  ]

  test.each<readonly [sql: string, facts: readonly RegExp[]]>([
    ['SELECT 1', []],
    ['DELETE FROM t', []],
    ['SELECT 1; SELECT 2', [severalStatements]],
    ['SET a.b = 1', [connection]],
    ['SET LOCAL a.b = 1', []],
    ['SELECT pg_backend_pid()', [noChange]],
    ['EXECUTE p', [connection, mayChange]],
    ['COMMIT', [mayChange]],
    ['BEGIN', []],
    ['BEGIN READ ONLY', [/^The transaction is to be read only\.$/]],
    [
      'START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE, NOT DEFERRABLE',
      [/^The transaction is to be serializable, read write, not deferrable\.$/],
    ],
    ['/* route: primary */ SELECT 1', [/^A comment in it asks for the primary\.$/]],
    ['SELECT 1 /* Route:replica */', [/^A comment in it asks for a replica, also right after/]],
    ['/* route: replica */ DELETE FROM t', [/^A comment in it asks for a replica\. It is ignored/]],
    ['-- route: primary\nSELECT 1', [misspelt]],
    ['/* route: standby */ SELECT 1', [misspelt]],
    ['/*+ route=primary */ SELECT 1', [misspelt]],
    ['/* the route: a long one */ SELECT 1', []],
    ["SELECT '-- route: primary'", []],
  ])('%s', async (sql, facts) => {
    const told = (await report(sql)).filter((line) => all.some((fact) => fact.test(line)))
    expect(told).toEqual(facts.map((fact) => expect.stringMatching(fact) as string))
  })
})

test.each<readonly [sql: string, note: RegExp | undefined]>([
  ['SELECT * FROM t', /^Judged by the text alone/],
  ['SELECT app.f()', /^The database may know it/],
  ['DELETE FROM t', undefined],
  ['', undefined],
])('without a database: %s', async (sql, note) => {
  const [without, asked] = [await report(sql, false), await report(sql)]
  expect(without.slice(asked.length)).toEqual(
    note === undefined ? [] : ['', expect.stringMatching(note) as string],
  )
})

test('names are shown without sequences that a terminal interprets', async () => {
  const lines = await report('SELECT "\u001b[2J"()')
  expect(lines.join('\n')).not.toContain('\u001b')
  expect(lines[1]).toMatch(/^\ufffd\[2J\(\) is not one of/)
})
