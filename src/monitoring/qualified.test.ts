import { expect, it } from 'vitest'
import { countersAloneSql } from '../catalog/signal.ts'
import { inProgressSql } from '../topology/in-progress.ts'
import { probeSql } from '../topology/probe.ts'
import { progressSql } from '../topology/progress.ts'
import { REPLICA_STATUS } from '../topology/replica-status.ts'
import { findWording } from '../topology/wording.ts'
import { committedAmong, unfinished } from './unshown.ts'

/** Key words in front of a parenthesis. */
const SYNTAX = new Set(['as', 'coalesce', 'extract', 'from', 'greatest', 'operator'])

it.each<[name: string, isRefused: (sql: string) => boolean]>([
  ['nothing', () => false],
  ['what only some services have', (sql) => sql.includes('aurora')],
  ['a function', (sql) => sql.includes('pg_last_wal_receive_lsn')],
  ['every function with an alternative', (sql) => /pg_catalog\.pg_(?!lsn)/.test(sql)],
])('questions to a node that refuses %s mean objects of PostgreSQL alone', async (_name, isRefused) => {
  const asked: string[] = []
  const wording = await findWording(async (sql) => {
    asked.push(sql)
    return !isRefused(sql)
  })
  const questions = [
    ...[false, true].flatMap((isUnflushed) => [
      probeSql(wording, isUnflushed),
      progressSql(wording, isUnflushed),
    ]),
    inProgressSql(wording),
    unfinished(wording).text,
    committedAmong(['1']).text,
    REPLICA_STATUS,
    countersAloneSql,
  ]
  for (const sql of [...asked, ...questions]) {
    const called = [...sql.matchAll(/(?<![.\w])(\w+)\(/g)].map(([, name = '']) => name)
    expect(called.filter((name) => !SYNTAX.has(name))).toEqual([])
    expect(sql).not.toMatch(/::(?!pg_catalog\.|boolean\b|integer\b|int\b|bigint\b)/)
    expect(sql).not.toMatch(/\b(?:from|join) (?!\(|pg_catalog\.)/i)
    // Operators too may be replaced.
    const text = sql.replaceAll(/'[^']*'/g, "''").replaceAll(/operator\(pg_catalog\.[^)]+\)/g, '')
    expect(text).not.toMatch(/[=<>+*|]| - |\blike\b/)
  }
})
