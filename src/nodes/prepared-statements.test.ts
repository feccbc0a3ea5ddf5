import type { PoolClient } from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { NamedReads } from './named-reads.ts'
import { nameLossOf, PreparedStatements } from './prepared-statements.ts'
import { ShapeBook, type TextRecord } from './shape-book.ts'

let names: { parsedStatements: Record<string, string>; submittedNamedStatements: Record<string, string> }
let statements: PreparedStatements
let book: ShapeBook

beforeEach(() => {
  names = { parsedStatements: {}, submittedNamedStatements: {} }
  statements = new PreparedStatements({ connection: names } as unknown as PoolClient, 2)
  book = new ShapeBook(1)
})

/** A text that has been seen often enough. */
function text(sql: string): TextRecord {
  const record = book.of(sql)
  record.plan?.ran(false, 1)
  return record
}

const SCHEMA = 'abc'
const nameOf = (record: TextRecord): string => `${record.name}_${SCHEMA}`

/** The server has taken the name. */
function parsed(record: TextRecord): void {
  names.parsedStatements[nameOf(record)] = record.text
  statements.ran(record, nameOf(record))
}

const error = (code: string, more: object = {}): Error =>
  Object.assign(new Error(code), { code, severity: 'ERROR', ...more })

describe('a name', () => {
  it('is shared only when its first Parse has succeeded', () => {
    const record = text('select 1')
    expect(statements.nameFor(record, SCHEMA)).toBe(nameOf(record))
    expect(statements.nameFor(record, SCHEMA)).toBeUndefined()
    parsed(record)
    expect(statements.nameFor(record, SCHEMA)).toBe(nameOf(record))
  })

  it('with a failed first Parse is given again', () => {
    const record = text('select 1')
    statements.nameFor(record, SCHEMA)
    statements.ran(record, nameOf(record))
    expect(statements.nameFor(record, SCHEMA)).toBe(nameOf(record))
  })

  it('that the server does not know any more is given again, with all the others', () => {
    const [a, b] = [text('select a'), text('select b')]
    for (const record of [a, b]) {
      statements.nameFor(record, SCHEMA)
      parsed(record)
    }
    statements.lost(a, nameOf(a), 'unknown')
    expect(names.parsedStatements).toEqual({})
    expect(statements.takeDeallocations()).toEqual([])
    expect([a, b].map((record) => statements.nameFor(record, SCHEMA))).toEqual([nameOf(a), nameOf(b)])
  })

  it('that has failed is freed first, once, though several runs fail', () => {
    const record = text('select 1')
    statements.nameFor(record, SCHEMA)
    parsed(record)
    statements.lost(record, nameOf(record), 'failed')
    statements.lost(record, nameOf(record), 'failed')
    expect(statements.takeDeallocations()).toEqual([{ ask: { text: `deallocate ${nameOf(record)}` } }])
    expect(statements.takeDeallocations()).toEqual([])
    expect(names.parsedStatements).toEqual({})
  })

  it('that the server knows from another process is used from then on', () => {
    const record = text('select 1')
    statements.nameFor(record, SCHEMA)
    statements.lost(record, nameOf(record), 'taken')
    expect(statements.nameFor(record, SCHEMA)).toBe(nameOf(record))
    expect(names.parsedStatements).toEqual({ [nameOf(record)]: 'select 1' })
  })

  it('goes when there are too many, the least recently used first', () => {
    const records = ['select a', 'select b', 'select c'].map(text)
    const [a, b, c] = records
    statements.nameFor(a!, SCHEMA)
    parsed(a!)
    statements.nameFor(b!, SCHEMA)
    parsed(b!)
    statements.nameFor(a!, SCHEMA)
    statements.nameFor(c!, SCHEMA)
    expect(statements.takeDeallocations()).toEqual([{ ask: { text: `deallocate ${nameOf(b!)}` } }])
  })

  it('belongs to the schema that it was given in: in another one all are given again', () => {
    const [a, b] = [text('select a'), text('select b')]
    for (const record of [a, b]) {
      statements.nameFor(record, SCHEMA)
      parsed(record)
    }
    expect(statements.nameFor(a, 'def')).toBe(`${a.name}_def`)
    expect(statements.takeDeallocations()).toEqual(
      [b, a].map((record) => ({ ask: { text: `deallocate ${nameOf(record)}` } })),
    )
    // Statements that were sent before end later, and say nothing about the new name.
    statements.ran(a, nameOf(a))
    statements.lost(a, nameOf(a), 'taken')
    expect(statements.nameFor(a, 'def')).toBeUndefined()
    names.parsedStatements[`${a.name}_def`] = a.text
    statements.ran(a, `${a.name}_def`)
    expect(statements.nameFor(a, 'def')).toBe(`${a.name}_def`)
  })

  it('is given to nothing on a connection of a native client', () => {
    expect(new PreparedStatements({} as PoolClient, 2).nameFor(text('select 1'), SCHEMA)).toBeUndefined()
  })
})

describe('an error', () => {
  it.each([
    ['26000', {}, 'unknown'],
    ['42P05', {}, 'taken'],
    ['26000', { where: 'PL/pgSQL function f()' }, 'failed'],
    ['42P05', { where: 'PL/pgSQL function f()' }, 'failed'],
    ['0A000', { routine: 'RevalidateCachedQuery' }, 'failed'],
    ['22003', {}, 'failed'],
    ['22012', {}, 'failed'],
    ['22P02', {}, 'failed'],
    ['42804', {}, 'failed'],
    ['42883', {}, 'failed'],
    ['XX000', {}, 'failed'],
    ['57014', {}, undefined],
    ['57P01', { severity: 'FATAL' }, undefined],
    ['XX000', { severity: 'FATAL' }, undefined],
    ['40001', {}, undefined],
    ['25006', {}, undefined],
    ['53100', {}, undefined],
    ['55P03', {}, undefined],
    ['ECONNRESET', { severity: undefined }, undefined],
  ])('%s %o means: %s', (code, more, meaning) => expect(nameLossOf(error(code, more))).toBe(meaning))
})

describe('names on one node', () => {
  it('are not given for a while behind a pooler', async () => {
    const platform = new FakePlatform()
    const named = new NamedReads(platform, () => SCHEMA)
    const record = text('select 1')
    for (let i = 0; i < 3; i++) {
      expect(named.isTrusted).toBe(true)
      expect(named.heard(statements, record, nameOf(record), error('26000'))).toBe(true)
    }
    expect(named.isTrusted).toBe(false)
    await platform.advance(300_000)
    expect(named.isTrusted).toBe(true)
  })

  it('are still given when one is sometimes lost', () => {
    const named = new NamedReads(new FakePlatform(), () => SCHEMA)
    const record = text('select 1')
    for (let i = 0; i < 10; i++) {
      named.heard(statements, record, nameOf(record), error('26000'))
      // As node-postgres has it where there is no error.
      for (let j = 0; j < 1000; j++) expect(named.heard(statements, record, nameOf(record), null)).toBe(false)
    }
    expect(named.isTrusted).toBe(true)
  })
})
