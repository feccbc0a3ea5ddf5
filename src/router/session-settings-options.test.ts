import { describe, expect, it, test } from 'vitest'
import { overlayOf } from './session-settings-options.ts'

function valuesOf(settings: unknown, role?: unknown): unknown {
  return [...(overlayOf(settings, role)?.values ?? [])]
}

describe('settings and role of a session', () => {
  test.each<readonly [settings: unknown, role: unknown, values: unknown]>([
    [undefined, undefined, []],
    [{}, undefined, []],
    [{ 'app.tenant': '7' }, undefined, [['app.tenant', '7']]],
    [
      { 'App.Tenant': 7, work_mem: '1MB', 'a.b.c$1': true },
      undefined,
      [
        ['app.tenant', '7'],
        ['work_mem', '1MB'],
        ['a.b.c$1', 'true'],
      ],
    ],
    [
      { 'app.tenant': '' },
      'me',
      [
        ['app.tenant', ''],
        ['role', 'me'],
      ],
    ],
    [Object.assign(Object.create(null), { 'app.tenant': '7' }), undefined, [['app.tenant', '7']]],
    [undefined, 'none', [['role', 'none']]],
    [{ search_path: 't7, "$user"' }, undefined, [['search_path', 't7, "$user"']]],
  ])('%j and role %j', (settings, role, values) => {
    expect(valuesOf(settings, role)).toEqual(values)
  })

  test.each<readonly [settings: unknown, role: unknown, message: string]>([
    ['app.tenant', undefined, 'Option "settings" must be an object; received "app.tenant"'],
    [[], undefined, 'received an array'],
    [
      new Map([['app.tenant', '7']]),
      undefined,
      'must be a plain object; received an object with another prototype',
    ],
    [new URLSearchParams('app.tenant=7'), undefined, 'received an object with another prototype'],
    [Object.create({ 'app.tenant': '7' }), undefined, 'received an object with another prototype'],
    [Promise.resolve({ 'app.tenant': '7' }), undefined, 'must be a plain object; received a promise'],
    [{ 'app.tenant': undefined }, undefined, 'for "app.tenant"; received undefined'],
    [{ 'app.tenant': null }, undefined, 'received null'],
    [{ 'app.tenant': {} }, undefined, 'received an object'],
    [{ 'app.tenant': NaN }, undefined, 'received NaN'],
    [{ 'app.tenant': 'secret\0' }, undefined, 'for "app.tenant"; received a string'],
    [{ 'app.tenant': '1', 'APP.TENANT': '2' }, undefined, 'has "app.tenant" more than once'],
    [{ 'app tenant': '1' }, undefined, 'received "app tenant"'],
    [{ "x'; drop table t": '1' }, undefined, 'must be of letters, digits'],
    [{ 'app.': '1' }, undefined, 'must be of letters'],
    [{ '': '1' }, undefined, 'must be of letters'],
    [{ Role: 'me' }, undefined, 'must not have "role": it is the option "role"'],
    [{ session_authorization: 'me' }, undefined, 'must not have "session_authorization"'],
    [{ transaction_read_only: 'off' }, undefined, 'it belongs to transactions'],
    [{ default_transaction_isolation: 'serializable' }, undefined, 'it belongs to transactions'],
    [{ client_encoding: 'LATIN1' }, undefined, 'node-postgres relies on it'],
    [{ DateStyle: 'German' }, undefined, 'node-postgres relies on it'],
    [{ standard_conforming_strings: 'off' }, undefined, 'what the router knows'],
    [{ search_path: 't7, PG_CATALOG' }, undefined, 'must not have pg_catalog or pg_temp in "search_path"'],
    [{ search_path: 'pg_temp' }, undefined, 'must not have pg_catalog or pg_temp'],
    [undefined, '', 'Option "role" of a session must be the name of a role; received an empty string'],
    [undefined, 7, 'received 7'],
    [undefined, 'a\0', 'received a string'],
  ])('%j and role %j are refused', (settings, role, message) => {
    const act = (): unknown => overlayOf(settings, role)
    expect(act).toThrow(message)
    expect(act).toThrow(expect.objectContaining({ code: 'SWITCHYARD_INVALID_OPTION' }))
    expect(act).not.toThrow('secret')
  })

  it('an inner session keeps the settings that it does not replace, and the role stays last', () => {
    const outer = overlayOf({ 'app.tenant': '1', work_mem: '1MB' }, 'outer')
    const inner = overlayOf({ 'app.tenant': '2', 'app.user': '3' }, undefined)?.within(outer)
    expect([...(inner?.values ?? [])]).toEqual([
      ['app.tenant', '2'],
      ['work_mem', '1MB'],
      ['app.user', '3'],
      ['role', 'outer'],
    ])
    expect([...(inner?.custom ?? [])]).toEqual(['app.tenant', 'app.user'])
    expect(overlayOf({}, 'inner')?.within(outer).values.get('role')).toBe('inner')
  })
})
