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

/** The server has taken the name. */
function parsed(record: TextRecord): void {
  names.parsedStatements[record.name] = record.text
  statements.ran(record.name)
}

const error = (code: string, routine?: string): Error => Object.assign(new Error(code), { code, routine })

describe('a name', () => {
  it('is shared only when its first Parse has succeeded', () => {
    const record = text('select 1')
    expect(statements.nameFor(record)).toBe(record.name)
    expect(statements.nameFor(record)).toBeUndefined()
    parsed(record)
    expect(statements.nameFor(record)).toBe(record.name)
  })

  it('whose first Parse has failed is given anew', () => {
    const record = text('select 1')
    statements.nameFor(record)
    statements.ran(record.name)
    expect(statements.nameFor(record)).toBe(record.name)
  })

  it('that the server does not know any more is given anew, with all the others', () => {
    const [a, b] = [text('select a'), text('select b')]
    for (const record of [a, b]) {
      statements.nameFor(record)
      parsed(record)
    }
    statements.lost(a, 'unknown')
    expect(names.parsedStatements).toEqual({})
    expect(statements.takeDeallocations()).toEqual([])
    expect([a, b].map((record) => statements.nameFor(record))).toEqual([a.name, b.name])
  })

  it('that is outdated is freed first, once, though several runs fail', () => {
    const record = text('select 1')
    statements.nameFor(record)
    parsed(record)
    statements.lost(record, 'outdated')
    statements.lost(record, 'outdated')
    expect(statements.takeDeallocations()).toEqual([`deallocate ${record.name}`])
    expect(statements.takeDeallocations()).toEqual([])
    expect(names.parsedStatements).toEqual({})
  })

  it('that the server knows from somebody else is used from then on', () => {
    const record = text('select 1')
    statements.nameFor(record)
    statements.lost(record, 'taken')
    expect(statements.nameFor(record)).toBe(record.name)
    expect(names.parsedStatements).toEqual({ [record.name]: 'select 1' })
  })

  it('goes when there are too many, the least recently used first', () => {
    const records = ['select a', 'select b', 'select c'].map(text)
    const [a, b, c] = records
    statements.nameFor(a!)
    parsed(a!)
    statements.nameFor(b!)
    parsed(b!)
    statements.nameFor(a!)
    statements.nameFor(c!)
    expect(statements.takeDeallocations()).toEqual([`deallocate ${b!.name}`])
  })

  it('is given to nothing on a connection of a native client', () => {
    expect(new PreparedStatements({} as PoolClient, 2).nameFor(text('select 1'))).toBeUndefined()
  })
})

describe('an error', () => {
  it.each([
    ['26000', undefined, 'unknown'],
    ['42P05', undefined, 'taken'],
    ['0A000', 'RevalidateCachedQuery', 'outdated'],
    ['0A000', 'get_relation_info', undefined],
    ['22012', 'int4div', undefined],
  ])('%s of %s means: %s', (code, routine, meaning) => expect(nameLossOf(error(code, routine))).toBe(meaning))
})

describe('names on one node', () => {
  it('are not given for a while when somebody else holds the connections', async () => {
    const platform = new FakePlatform()
    const named = new NamedReads(platform)
    const record = text('select 1')
    for (let i = 0; i < 3; i++) {
      expect(named.isTrusted).toBe(true)
      expect(named.heard(statements, record, error('26000'))).toBe(true)
    }
    expect(named.isTrusted).toBe(false)
    await platform.advance(300_000)
    expect(named.isTrusted).toBe(true)
  })

  it('are given on when one is lost now and then', () => {
    const named = new NamedReads(new FakePlatform())
    const record = text('select 1')
    for (let i = 0; i < 10; i++) {
      named.heard(statements, record, error('26000'))
      // As node-postgres has it where there is no error.
      for (let j = 0; j < 1000; j++) expect(named.heard(statements, record, null)).toBe(false)
    }
    expect(named.isTrusted).toBe(true)
  })
})
