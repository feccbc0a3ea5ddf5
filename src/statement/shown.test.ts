import { beforeAll, expect, test } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { decide } from './decide.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import { shown } from './shown.ts'

const parser = createLibpgQueryParser()
beforeAll(() => parser.load())

test.each([
  "set app.token = 'secret'",
  "set session characteristics as transaction isolation level serializable; set a.b to 'secret', 'other'",
  "select set_config('app.token', 'secret', false)",
  "select set_config('app.token', 'secret'::text, $1)",
  "set role 'secret'",
  "set time zone 'secret'",
  "alter role app password 'secret'",
  "create user app password 'secret'",
  "alter system set app.token = 'secret'",
  "copy t from program 'secret'",
  "create subscription s connection 'secret' publication p",
  "create server s foreign data wrapper w options (password 'secret')",
  "select dblink('secret', 'secret')",
  "do 'secret'",
  "notify n, 'secret'",
  "select * from nobody where a = 'secret'",
])('of %j no constant is shown', (sql) => {
  const statement = shown(decide(parser.analyze(sql), builtinCatalog))
  expect(JSON.stringify(statement)).not.toContain('secret')
})

test('a setting is shown by its name', () => {
  const { settings } = shown(decide(parser.analyze("set app.token = 'secret'"), builtinCatalog))
  expect(settings).toEqual([{ change: 'set', name: 'app.token', sql: 'SET app.token TO …' }])
})
