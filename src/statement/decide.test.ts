import { describe, expect, test } from 'vitest'
import type { Catalog, FunctionVerdict, OperatorVerdict, RelationVerdict } from '../catalog/catalog.ts'
import { decide } from './decide.ts'
import type { Analysis } from './parser.ts'
import type { StatementKind, StatementReason } from './statement.ts'
import { read, session, transaction, write } from './verdict.ts'

/** A catalog in which names say their own verdict: `f_writes`, `r_unlogged`, `o_volatile`. Others are fine. */
const catalog: Catalog = {
  version: 1,
  source: 'loaded',
  standardConformingStrings: true,
  functionVerdict: ({ name }) => (name.startsWith('f_') ? (name.slice(2) as FunctionVerdict) : 'harmless'),
  relationVerdict: ({ name }) => (name.startsWith('r_') ? (name.slice(2) as RelationVerdict) : 'replicated'),
  operatorVerdict: ({ name }) => (name.startsWith('o_') ? (name.slice(2) as OperatorVerdict) : 'harmless'),
  typeVerdict: ({ name }) => (name.startsWith('t_') ? (name.slice(2) as OperatorVerdict) : 'harmless'),
}

const names = { attributes: [], functions: [], relations: [], operators: [], types: [] }
const reading: Analysis = { ...read('select'), ...names, multiple: false }

describe('a read, and one name that the catalog knows', () => {
  test.each<
    readonly [
      list: keyof typeof names,
      name: string,
      kind: StatementKind,
      reason: StatementReason,
      ...facts: string[],
    ]
  >([
    ['functions', 'lower', 'read', 'select'],
    ['functions', 'f_writes', 'write', 'function-writes', 'writes'],
    ['functions', 'f_volatile', 'write', 'function-volatile', 'writes', 'leaves'],
    ['functions', 'f_external', 'write', 'function-external', 'writes', 'leaves'],
    ['functions', 'f_unknown', 'write', 'function-unknown', 'writes', 'leaves'],
    ['functions', 'f_pending', 'write', 'catalog-pending', 'writes', 'leaves'],
    ['functions', 'f_declared-primary-only', 'write', 'declared-primary-only', 'writes', 'leaves'],
    ['functions', 'f_node-local', 'write', 'function-node-local'],
    ['functions', 'f_session', 'session', 'function-session', 'leaves'],
    ['attributes', 'f_volatile', 'write', 'function-volatile', 'writes', 'leaves'],
    ['attributes', 'f_unknown', 'read', 'select'],
    ['attributes', 'f_pending', 'read', 'select'],
    ['relations', 'users', 'read', 'select'],
    ['relations', 'r_unlogged', 'write', 'relation-unlogged'],
    ['relations', 'r_temporary', 'write', 'relation-temporary'],
    ['relations', 'r_node-local', 'write', 'relation-node-local'],
    ['relations', 'r_sequence', 'write', 'relation-sequence'],
    ['relations', 'r_foreign', 'write', 'relation-foreign', 'writes'],
    ['relations', 'r_volatile', 'write', 'relation-volatile', 'writes'],
    ['relations', 'r_unknown', 'write', 'relation-unknown', 'writes'],
    ['relations', 'r_pending', 'write', 'catalog-pending', 'writes'],
    ['relations', 'r_declared-primary-only', 'write', 'declared-primary-only', 'writes'],
    ['operators', '+', 'read', 'select'],
    ['operators', 'o_volatile', 'write', 'operator-volatile', 'writes'],
    ['operators', 'o_pending', 'write', 'catalog-pending', 'writes'],
    ['types', 'int4', 'read', 'select'],
    ['types', 't_volatile', 'write', 'type-volatile', 'writes'],
    ['types', 't_pending', 'write', 'catalog-pending', 'writes'],
  ])('%s: %s', (list, name, kind, reason, ...facts) => {
    const statement = decide({ ...reading, [list]: [{ name, position: 7 }] }, catalog)
    expect(statement).toMatchObject({ kind, reason, mayWrite: facts.includes('writes') })
    expect(statement.leavesSessionState).toBe(facts.includes('leaves'))
    const text = list === 'functions' || list === 'attributes' ? `${name}()` : name
    expect(statement.offender).toEqual(kind === 'read' ? undefined : { text, position: 7 })
  })
})

test('the strictest of several names decides, whatever their order, and facts add up', () => {
  const [sequence, lock] = [{ name: 'f_writes' }, { name: 'f_session' }]
  for (const functions of [
    [sequence, lock],
    [lock, sequence],
  ]) {
    expect(decide({ ...reading, functions }, catalog)).toMatchObject({
      kind: 'write',
      reason: 'function-writes',
      offender: { text: 'f_writes()' },
      mayWrite: true,
      leavesSessionState: true,
    })
  }
})

test('of equals the first one is named', () => {
  const functions = [{ name: 'lower' }, { schema: 'app', name: 'f_writes' }]
  const relations = [{ name: 'r_unlogged' }]
  const always: Catalog = {
    ...catalog,
    functionVerdict: ({ schema }) => (schema === 'app' ? 'writes' : 'harmless'),
  }
  expect(decide({ ...reading, functions, relations }, always).offender).toEqual({ text: 'app.f_writes()' })
})

test.each([
  [{ name: 'f_session' }, true],
  [{ name: 'f_session', endsWithTransaction: true }, false],
])('session state that ends with its transaction is not left: %j', (use, leaves) => {
  expect(decide({ ...reading, functions: [use] }, catalog).leavesSessionState).toBe(leaves)
})

test.each(['currval', 'current_setting', 'pg_advisory_xact_lock'])('%s leaves no state', (name) => {
  const always: Catalog = { ...catalog, functionVerdict: () => 'session' }
  const statement = decide({ ...reading, functions: [{ name }] }, always)
  expect(statement).toMatchObject({ kind: 'session', leavesSessionState: false, mayWrite: false })
})

describe('other kinds than reads stay', () => {
  test.each([
    [write('ddl'), 'f_session', { kind: 'write', reason: 'ddl', leavesSessionState: true }],
    [
      transaction('begin', { mayWrite: false }),
      'f_writes',
      { kind: 'transaction', reason: 'begin', mayWrite: true },
    ],
    [
      session('cursor', { leaves: true }),
      'f_session',
      { kind: 'session', reason: 'function-session', leavesSessionState: true, mayWrite: false },
    ],
    [
      session('cursor', { leaves: true }),
      'f_writes',
      { kind: 'write', reason: 'function-writes', leavesSessionState: true },
    ],
  ])('%j with %s', (form, name, expected) => {
    expect(decide({ ...form, ...names, functions: [{ name }], multiple: false }, catalog)).toMatchObject(
      expected,
    )
  })
})

describe('a server that takes backslashes for escapes', () => {
  const misreading: Catalog = { ...catalog, standardConformingStrings: false }
  test.each([
    [read('select'), { kind: 'write', reason: 'non-standard-strings', mayWrite: true }],
    [
      session('show', { leaves: false }),
      { kind: 'write', reason: 'non-standard-strings', leavesSessionState: true },
    ],
    [write('ddl'), { kind: 'write', reason: 'ddl', leavesSessionState: true }],
    [transaction('begin', { mayWrite: false }), { kind: 'transaction', reason: 'begin', mayWrite: true }],
  ])('%j', (form, expected) => {
    expect(decide({ ...form, ...names, multiple: false }, misreading)).toMatchObject(expected)
  })
})

test('hint and modes are handed on, and the result is frozen', () => {
  const modes = { accessMode: 'read only' } as const
  const form = transaction('begin', { mayWrite: false, modes })
  const statement = decide({ ...form, ...names, multiple: false, hint: 'replica' }, catalog)
  expect(statement).toEqual({
    kind: 'transaction',
    reason: 'begin',
    hint: 'replica',
    modes,
    mayWrite: false,
    leavesSessionState: false,
    footprint: { changes: [], shows: 'everything' },
    multiple: false,
  })
  expect(Object.isFrozen(statement)).toBe(true)
})
