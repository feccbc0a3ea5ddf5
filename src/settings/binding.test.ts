import { expect, test } from 'vitest'
import { bindsReads } from './binding.ts'
import { valueSql } from './value.ts'

const value = (name: string, text: string): readonly [string, string] => [name, valueSql(name, text)]

test.each<readonly [string, string]>([
  value('role', 'visitor'),
  value('session_authorization', 'visitor'),
  value('default_transaction_isolation', 'serializable'),
  value('default_transaction_read_only', 'on'),
  value('default_transaction_deferrable', 'on'),
  value('standard_conforming_strings', 'off'),
  value('client_encoding', 'latin1'),
  value('search_path', 'public, pg_catalog'),
  value('search_path', '"PG_TEMP", public'),
  value('session_replication_role', 'replica'),
])('%s: reads stay on the primary by %s', (name, sql) => {
  expect(bindsReads(name, sql)).toBe(true)
})

test.each<readonly [string, string]>([
  value('role', 'none'),
  value('session_authorization', 'default'),
  value('default_transaction_isolation', 'repeatable read'),
  value('default_transaction_read_only', 'off'),
  value('standard_conforming_strings', 'on'),
  value('client_encoding', 'UTF8'),
  value('client_encoding', 'unicode'),
  value('search_path', 'app, public'),
  value('session_replication_role', 'origin'),
  value('work_mem', '9MB'),
  value('app.role', 'visitor'),
  ['role', 'RESET "role"'],
  // No name of an object's own property.
  value('constructor', 'x'),
])('%s: reads move in spite of %s', (name, sql) => {
  expect(bindsReads(name, sql)).toBe(false)
})
