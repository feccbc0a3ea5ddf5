import { beforeAll, describe, expect, it } from 'vitest'
import { builtinCatalog } from '../../catalog/builtin-catalog.ts'
import { createJudge } from '../../statement/caching-judge.ts'
import { createLibpgQueryParser } from '../../statement/libpg-query-parser.ts'
import { nameReader } from '../../statement/names.ts'
import { textOnlyCatalog } from '../../statement/text-only-catalog.ts'
import { Replay, type ReplayOptions } from './replay.ts'

const parser = createLibpgQueryParser()
const catalog = textOnlyCatalog(builtinCatalog)
const judge = createJudge({ parser, catalog: () => catalog, cacheBytes: 1e6, maxSqlBytes: 1e5 })
beforeAll(() => judge.load())

type Choice = Partial<Pick<ReplayOptions, 'isOptimistic' | 'keepsClients'>>

/** Causes in the order of the statements, which all belong to one session; `replica` where there is none. */
function causesOf(sqls: readonly string[], choice: Choice = {}, session = { session: 'a' }): string[] {
  const causes: string[] = []
  const replay = new Replay({
    judge,
    names: nameReader(judge, parser),
    isOptimistic: false,
    keepsClients: false,
    ...choice,
    told: ({ cause = 'replica' }) => causes.push(cause),
  })
  for (const sql of sqls) replay.ran({ sql, calls: 1, ...session })
  replay.end()
  return causes
}

const READ = 'select * from t'
const WRITE = 'update t set a = 1'

describe('a replay', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['outside of transactions', [READ, WRITE, READ], ['replica', 'data-modifying', 'replica']],
    [
      'a transaction that only reads',
      ['begin', READ, 'commit', READ],
      ['begin', 'in-reading-transaction', 'commit', 'replica'],
    ],
    [
      'a transaction that writes',
      ['begin', READ, WRITE, READ, 'rollback', READ],
      ['begin', 'in-writing-transaction', 'data-modifying', 'in-writing-transaction', 'rollback', 'replica'],
    ],
    [
      'a transaction that locks rows, and is not over',
      ['begin', READ, 'select * from t for update'],
      ['begin', 'in-writing-transaction', 'row-lock'],
    ],
    [
      'a transaction that goes on',
      ['begin', READ, 'savepoint a', WRITE, 'rollback to a', READ, 'commit and chain', READ, 'end'],
      [
        'begin',
        'in-writing-transaction',
        'savepoint',
        'data-modifying',
        'savepoint',
        'in-writing-transaction',
        'commit',
        'in-writing-transaction',
        'commit',
      ],
    ],
    ['a read-only transaction', ['begin read only', READ, 'commit'], ['replica', 'replica', 'replica']],
    [
      'a read-only transaction that moves',
      ['begin read only', READ, 'select pg_advisory_xact_lock(1)', READ, 'commit'],
      ['replica', 'replica', 'function-session', 'in-moved-transaction', 'commit'],
    ],
    [
      'a serializable one',
      ['begin isolation level serializable read only', READ, 'end'],
      ['begin', 'in-reading-transaction', 'commit'],
    ],
    ['a comment', [`${READ} /* route: primary */`], ['hint-primary']],
    [
      'several in one text',
      [`begin; ${READ}`, READ, 'commit', READ],
      ['begin', 'in-reading-transaction', 'commit', 'replica'],
    ],
    ['all in one text', [`begin; ${WRITE}; commit`, READ], ['begin', 'replica']],
    [
      'a setting that binds reads',
      ['set role other', READ, 'reset role', READ],
      ['set', 'setting', 'set', 'replica'],
    ],
    ['a setting that does not', [`set work_mem = '8MB'`, READ], ['set', 'replica']],
    [
      'a setting of a transaction',
      ['begin', 'set local role other', READ, 'commit', READ],
      ['begin', 'set', 'in-reading-transaction', 'commit', 'replica'],
    ],
    ['a client that is released', ['listen news', READ], ['listen', 'replica']],
  ])('of %s', (_what, sqls, causes) => {
    expect(causesOf(sqls)).toEqual(causes)
  })

  it.each<[string, readonly string[], readonly string[]]>([
    ['LISTEN', ['listen news', READ], ['listen', 'pinned']],
    ['what lets go', ['listen news', 'discard all', READ], ['listen', 'discard', 'replica']],
    [
      'a temporary table',
      ['create temp table mine (a int)', 'select * from mine', READ],
      ['ddl', 'pinned', 'replica'],
    ],
    [
      'a lock that is given back',
      ['select pg_advisory_lock(1)', READ, 'select pg_advisory_unlock(1)', READ],
      ['function-session', 'pinned', 'function-session', 'replica'],
    ],
  ])('of a client that keeps its connection: %s', (_what, sqls, causes) => {
    expect(causesOf(sqls, { keepsClients: true })).toEqual(causes)
  })

  it('of optimistic transactions', () => {
    const sqls = ['begin', READ, 'commit', 'begin', READ, WRITE, 'commit', 'begin read write', READ, 'end']
    expect(causesOf(sqls, { isOptimistic: true })).toEqual([
      'replica',
      'replica',
      'replica',
      'begin',
      'in-writing-transaction',
      'data-modifying',
      'commit',
      'begin',
      'in-reading-transaction',
      'commit',
    ])
  })

  it('of statements without a session, each alone', () => {
    const causes = causesOf(
      ['begin', READ, 'begin read only', 'listen news', READ],
      { keepsClients: true },
      {} as never,
    )
    expect(causes).toEqual(['begin', 'replica', 'replica', 'listen', 'replica'])
  })
})
