import { beforeAll, describe, expect, test } from 'vitest'
import { names } from '../../test/cases/names.ts'
import { SwitchyardError } from '../errors/error.ts'
import { EnginePool } from './engine-pool.ts'
import { createLibpgQueryParser, LibpgQueryParser } from './libpg-query-parser.ts'
import type { NameUse } from './parser.ts'
import type { StatementReason, TransactionModes } from './statement.ts'

const parser = createLibpgQueryParser()
beforeAll(() => parser.load())

function spelled(uses: readonly NameUse[]): readonly string[] {
  return uses.map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`))
}

describe('names', () => {
  test.each(names)('%s of %s: %s', (list, sql, expected) => {
    expect(spelled(parser.analyze(sql)[list] ?? []).toSorted()).toEqual(
      expected.split(' ').filter(Boolean).toSorted(),
    )
  })
})

describe('positions', () => {
  test.each([
    'SELECT target()',
    "SELECT 'äöü', target()",
    "SELECT '日本', '🐘🐘', other(), target() FROM ü, ö",
    '/* 🐘 */ SELECT "ß", target(), target()',
  ])('%j', (sql) => {
    expect(parser.analyze(sql).functions.find(({ name }) => name === 'target')?.position).toBe(
      sql.indexOf('target'),
    )
  })

  test('of what makes a statement a write', () => {
    const sql = "SELECT '🐘' INTO new FROM old"
    expect(parser.analyze(sql).offender).toEqual({ text: 'INTO new', position: sql.indexOf('new') })
  })
})

describe('modes of a transaction', () => {
  test.each<readonly [sql: string, modes: TransactionModes | undefined]>([
    ['BEGIN READ ONLY', { accessMode: 'read only' }],
    ['BEGIN READ WRITE', { accessMode: 'read write' }],
    ['START TRANSACTION ISOLATION LEVEL REPEATABLE READ', { isolation: 'repeatable read' }],
    [
      'BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE',
      { isolation: 'serializable', accessMode: 'read only', deferrable: true },
    ],
    ['BEGIN NOT DEFERRABLE', { deferrable: false }],
    ['BEGIN READ ONLY READ WRITE', { accessMode: 'read write' }],
    ['SET TRANSACTION READ ONLY', { accessMode: 'read only' }],
    ['SET transaction_read_only = 0', { accessMode: 'read write' }],
    ["SET LOCAL transaction_read_only TO 'yes'", { accessMode: 'read only' }],
    ["SET transaction_isolation = 'Serializable'", { isolation: 'serializable' }],
    ['SET transaction_deferrable = true', { deferrable: true }],
    ['BEGIN; SET TRANSACTION READ ONLY', { accessMode: 'read only' }],
    ['BEGIN READ ONLY; SELECT 1', undefined],
    ['BEGIN READ ONLY; COMMIT; BEGIN', undefined],
    ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', undefined],
    ['SELECT 1', undefined],
  ])('%s', (sql, modes) => {
    expect(withoutEmpty(parser.analyze(sql).modes)).toEqual(modes)
  })
})

function withoutEmpty(modes: TransactionModes | undefined): TransactionModes | undefined {
  return modes !== undefined && Object.keys(modes).length === 0 ? undefined : modes
}

describe('texts that must not reach the parser, or come back from it', () => {
  test.each<readonly [name: string, sql: string, reason: StatementReason]>([
    ['a sum of 10,000', `SELECT ${'1+'.repeat(10_000)}1`, 'too-deep'],
    ['signs, too few for a look beforehand', `SELECT ${'+'.repeat(990)}1`, 'select'],
    ['brackets', `SELECT ${'('.repeat(50_000)}1${')'.repeat(50_000)}`, 'too-deep'],
    ['comments in a run', `SELECT 1 ${'/**/'.repeat(50_000)}`, 'too-deep'],
    ['comments in each other', `SELECT 1 ${'/*'.repeat(50_000)}${'*/'.repeat(50_000)}`, 'too-deep'],
    ['a list of 20,000', `SELECT 1 WHERE 1 IN (${'1,'.repeat(20_000)}1)`, 'select'],
    ['a zero byte', 'SELECT 1 \0; DELETE FROM t', 'unparseable'],
    ['half a surrogate pair', `SELECT '\ud83d' AS x`, 'unparseable'],
    ['a whole surrogate pair', `SELECT '\ud83d\udc18' AS x`, 'select'],
  ])('%s', (_, sql, reason) => {
    expect(parser.analyze(sql).reason).toBe(reason)
  })

  test('a thousand of them leave the next one unharmed', () => {
    for (let i = 0; i < 1_000; i++) {
      expect(parser.analyze(`SELECT ${i}+${'1+'.repeat(10_000)}1`).reason).toBe('too-deep')
    }
    expect(parser.analyze('SELECT f(1)')).toMatchObject({
      kind: 'read',
      functions: [{ name: 'f', position: 7 }],
    })
    expect(parser.analyze('DELETE FROM t').kind).toBe('write')
  })
})

describe('the shape', () => {
  const shapeOf = (sql: string): string | undefined => parser.fingerprint?.(sql)

  test.each([
    ['constants', "SELECT f(1) FROM t WHERE a = 'x'", "SELECT f(2000) FROM t WHERE a = ''"],
    ['a parameter', 'SELECT f(1)', 'SELECT f($1)'],
    ['spacing, case and comments', 'SELECT f(1) FROM t', '/* here */ select\n f( 1 ) from T -- and there'],
    ['what a constant is', 'SELECT f(1.5)', "SELECT f('x')"],
    ['how long a list is', 'SELECT 1 FROM t WHERE a IN (1)', 'SELECT 1 FROM t WHERE a IN (1, 2, 3)'],
  ])('leaves out %s', (_, one, other) => {
    expect(shapeOf(one)).toMatch(/^[0-9a-f]{16}$/)
    expect(shapeOf(other)).toBe(shapeOf(one))
  })

  test.each([
    ['functions', 'SELECT f(1)', 'SELECT g(1)'],
    ['schemas', 'SELECT a.f(1)', 'SELECT b.f(1)'],
    ['relations', 'SELECT 1 FROM t', 'SELECT 1 FROM u'],
    ['columns', 'SELECT a FROM t', 'SELECT b FROM t'],
    ['operators', 'SELECT a + b', 'SELECT a - b'],
    ['what else is called', 'SELECT f(1)', 'SELECT f(1); SELECT g(1)'],
    ['where it stands', 'SELECT a, b FROM t', 'SELECT b, a FROM t'],
    ['a name and a constant', 'SELECT a FROM t', "SELECT 'a' FROM t"],
    ['what a CTE does', 'WITH c AS (SELECT 1) TABLE c', 'WITH c AS (DELETE FROM t RETURNING 1) TABLE c'],
  ])('tells %s apart', (_, one, other) => {
    expect(shapeOf(other)).not.toBe(shapeOf(one))
  })

  test.each([
    ['no SQL', 'SELEC f(1)'],
    ['a zero byte', 'SELECT 1 \0; DELETE FROM t'],
    ['half a surrogate pair', `SELECT '\ud83d' AS x`],
    ['a text that is too deep', `SELECT ${'1+'.repeat(10_000)}1`],
    ['a text that costs quadratic time', `SELECT 1 ${'/**/'.repeat(1_000)}`],
  ])('is unknown for %s, and the next one is unharmed', (_, sql) => {
    expect(shapeOf(sql)).toBeUndefined()
    expect(shapeOf('SELECT f(1)')).toMatch(/^[0-9a-f]{16}$/)
  })

  test('bears the depth that parsing bears, however often it was asked before', () => {
    const nested = [
      `SELECT ${'1+'.repeat(490)}1`,
      `SELECT ${'f('.repeat(450)}1${')'.repeat(450)}`,
      `SELECT * FROM ${'(SELECT * FROM '.repeat(150)}t${') t'.repeat(150)}`,
      `SELECT * FROM t${' JOIN t ON true'.repeat(450)}`,
    ]
    for (let i = 0; i < 2_000; i++) shapeOf('SELECT f(f(f(f(1))))')
    for (const sql of nested) {
      expect(parser.analyze(sql).reason).toBe('select')
      expect(shapeOf(sql)).toMatch(/^[0-9a-f]{16}$/)
    }
  })
})

test('judges nothing, for the moment, while it has no engine', async () => {
  const crash = (): never => {
    throw new Error('memory access out of bounds')
  }
  const pool = new EnginePool(async () => ({ memoryBytes: 0, parse: crash }), 1)
  const crashing = new LibpgQueryParser(pool)
  await crashing.load()
  const analyses = [1, 2, 3].map((i) => crashing.analyze(`SELECT ${i}`))
  expect(new Set(analyses.map(({ kind, reason }) => `${kind} ${reason}`))).toEqual(
    new Set(['write unparseable']),
  )
  expect(analyses.at(-1)?.isProvisional).toBe(true)
})

test('says what to do when the parser cannot be loaded', async () => {
  const broken = new LibpgQueryParser(new EnginePool(() => Promise.reject(new Error('ENOENT')), 1))
  const error: unknown = await broken.load().catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(SwitchyardError)
  expect(error).toMatchObject({
    code: 'SWITCHYARD_PARSER_UNAVAILABLE',
    message: expect.stringContaining('createNodeSqlParser()') as unknown,
    cause: expect.any(Error) as unknown,
  })
})
