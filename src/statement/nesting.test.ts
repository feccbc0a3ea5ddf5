import { describe, expect, test } from 'vitest'
import { hasCommentRun, nestingOf } from './nesting.ts'

const times = 500

describe('deep texts', () => {
  test.each([
    ['a sum', `SELECT ${'1+'.repeat(times)}1`],
    ['signs', `SELECT ${'+'.repeat(times)}1`],
    ['brackets', `SELECT ${'('.repeat(times)}1${')'.repeat(times)}`],
    ['calls', `SELECT ${'f('.repeat(times)}1${')'.repeat(times)}`],
    ['arrays', `SELECT ARRAY${'['.repeat(times)}1${']'.repeat(times)}`],
    ['NOT', `SELECT ${'NOT '.repeat(times)}true`],
    ['casts', `SELECT 1${'::int'.repeat(times)}`],
    ['IS NULL', `SELECT 1${' IS NULL'.repeat(times)}`],
    ['COLLATE', `SELECT 'a'${' COLLATE "C"'.repeat(times)}`],
    ['unions', `SELECT 1, 2${' UNION ALL SELECT 1, 2'.repeat(times)}`],
    ['joins', `SELECT 1 FROM a${' CROSS JOIN b'.repeat(times)}`],
    ['joins with conditions', `SELECT 1 FROM a${' JOIN b ON a = 1 AND b = 2'.repeat(times)}`],
    ['CASE', `SELECT ${'CASE WHEN a AND b THEN '.repeat(times)}1${' END'.repeat(times)}`],
    ['subqueries', `SELECT ${'(SELECT '.repeat(times)}1${')'.repeat(times)}`],
    ['an AND within brackets', `SELECT ${'(true AND '.repeat(times)}true${')'.repeat(times)}`],
  ])('%s', (_, sql) => {
    expect(nestingOf(sql, 10_000)).toBeGreaterThanOrEqual(times)
  })
})

describe('texts that are only long', () => {
  test.each([
    ['a list', `SELECT 1 WHERE 1 IN (${'1,'.repeat(times)}1)`],
    ['a list of negative numbers', `SELECT 1 WHERE 1 IN (${'-1,'.repeat(times)}1)`],
    ['columns', `SELECT ${'"t0"."a" AS "t0_a",'.repeat(times)}1`],
    ['ORs', `SELECT 1 WHERE ${'(a = 1 AND b = 2) OR '.repeat(times)}true`],
    ['ANDs', `SELECT 1 WHERE ${'a = 1 AND '.repeat(times)}true`],
    ['rows', `INSERT INTO t VALUES ${"(1, 'a', now()),".repeat(times)}(1, 'b', now())`],
    ['WHENs', `SELECT CASE a ${'WHEN 1 THEN 2 '.repeat(times)} END`],
    ['subscripts', `SELECT (a)${'[1]'.repeat(times)}`],
    ['statements', 'SELECT 1;'.repeat(times)],
    ['a literal', `SELECT '${'+'.repeat(times)}'`],
    ['a comment', `SELECT 1 /* ${'+'.repeat(times)} */`],
    ['brackets that were never opened', `SELECT ${')'.repeat(times)}`],
  ])('%s', (_, sql) => {
    expect(nestingOf(sql, 10_000)).toBeLessThan(12)
  })
})

test('does not read on when the limit is reached', () => {
  expect(nestingOf(`SELECT ${'1+'.repeat(1_000_000)}1`, 100)).toBe(101)
})

test.each([
  ['/**/'.repeat(65), true],
  [`${'/*'.repeat(65)}${'*/'.repeat(65)}`, true],
  ['/**/'.repeat(64), false],
  ['/**/ '.repeat(200), false],
  [`/*${'*'.repeat(500)}*/`, false],
])('a run of comments', (sql, expected) => {
  expect(hasCommentRun(sql, 64)).toBe(expected)
})
