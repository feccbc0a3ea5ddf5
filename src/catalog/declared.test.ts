import { describe, expect, test } from 'vitest'
import { builtinCatalog } from './builtin-catalog.ts'
import { withDeclared } from './declared-catalog.ts'
import { parseDeclarations, type Declarations } from './declared.ts'

describe('declarations', () => {
  test('names are folded as in SQL', () => {
    const declared = parseDeclarations({
      functions: { Total: 'readOnly', 'App.Do_It': 'primaryOnly', '"App"."Do ""It"""': 'readOnly' },
      relations: { überblick: 'readOnly', a$1: 'primaryOnly' },
    })
    expect(declared.map(({ object, schema, name, verdict }) => [object, schema, name, verdict])).toEqual([
      ['function', null, 'total', 'read-only'],
      ['function', 'app', 'do_it', 'declared-primary-only'],
      ['function', 'App', 'Do "It"', 'read-only'],
      ['relation', null, 'überblick', 'read-only'],
      ['relation', null, 'a$1', 'declared-primary-only'],
    ])
  })

  test('none is none', () => {
    expect([parseDeclarations(), parseDeclarations({}), parseDeclarations({ functions: {} })]).toEqual([
      [],
      [],
      [],
    ])
  })

  const wrong: readonly (readonly [string, unknown, string])[] = [
    ['a group that is none', { function: {} }, `declared has 'functions' and 'relations', but no 'function'`],
    [
      'a value that is none',
      { functions: { f: 'readonly' } },
      `declared.functions["f"] must be 'readOnly' or 'primaryOnly', but got "readonly"`,
    ],
    [
      'no value',
      { relations: { r: undefined } },
      `declared.relations["r"] must be 'readOnly' or 'primaryOnly'`,
    ],
    ['arguments', { functions: { 'f(int)': 'readOnly' } }, `but got "f(int)"`],
    ['three parts', { relations: { 'db.app.t': 'readOnly' } }, `'name' or 'schema.name', but got "db.app.t"`],
    ['an open quote', { relations: { '"t': 'readOnly' } }, `but got "\\"t"`],
    ['null', null, 'declared must be an object, but got null'],
    ['a list of names', { functions: ['f'] }, 'declared.functions must be an object, but got an array'],
    ['a number', { relations: { t: 10n } }, 'but got 10'],
    ['nothing', { relations: { '': 'readOnly' } }, `but got ""`],
  ]

  test.each(wrong)('%s is refused', (_title, declarations, message) => {
    expect(() => parseDeclarations(declarations as Declarations)).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    )
  })
})

describe('a catalog with declarations', () => {
  const catalog = withDeclared(
    builtinCatalog,
    parseDeclarations({
      functions: {
        everywhere: 'readOnly',
        'app.everywhere': 'primaryOnly',
        'app.one': 'readOnly',
        pg_backend_pid: 'readOnly',
        lower: 'primaryOnly',
      },
      relations: { 'app.orders': 'readOnly', 'app.ledger': 'primaryOnly', pg_stat_activity: 'readOnly' },
    }),
  )

  const functions: readonly (readonly [string | undefined, string, string])[] = [
    ['other', 'everywhere', 'harmless'],
    ['app', 'everywhere', 'declared-primary-only'],
    [undefined, 'everywhere', 'declared-primary-only'],
    ['app', 'one', 'harmless'],
    // The text may mean another schema's.
    [undefined, 'one', 'pending'],
    ['other', 'one', 'pending'],
    [undefined, 'pg_backend_pid', 'harmless'],
    ['pg_catalog', 'pg_backend_pid', 'harmless'],
    [undefined, 'lower', 'declared-primary-only'],
    [undefined, 'upper', 'harmless'],
  ]

  test.each(functions)('function %s.%s is %s', (schema, name, verdict) => {
    expect(catalog.functionVerdict(schema === undefined ? { name } : { schema, name })).toBe(verdict)
  })

  const relations: readonly (readonly [string | undefined, string, string])[] = [
    ['app', 'orders', 'replicated'],
    [undefined, 'orders', 'pending'],
    ['app', 'ledger', 'declared-primary-only'],
    [undefined, 'ledger', 'declared-primary-only'],
    ['other', 'ledger', 'pending'],
    [undefined, 'pg_stat_activity', 'replicated'],
  ]

  test.each(relations)('relation %s.%s is %s', (schema, name, verdict) => {
    expect(catalog.relationVerdict(schema === undefined ? { name } : { schema, name })).toBe(verdict)
  })
})
