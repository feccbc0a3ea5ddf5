import { describe, expect, test } from 'vitest'
import { CliError } from '../command.ts'
import { parseClassifyOptions } from './options.ts'

describe('the SQL text', () => {
  test.each<readonly [name: string, args: readonly string[], sql: string | undefined]>([
    ['alone', ['SELECT 1'], 'SELECT 1'],
    ['none', [], undefined],
    ['empty', [''], ''],
    ['before flags', ['SELECT 1', '--json'], 'SELECT 1'],
    ['behind flags', ['--json', 'SELECT 1'], 'SELECT 1'],
    ['behind a value', ['--declared', 'a.json', 'SELECT 1'], 'SELECT 1'],
    ['behind a value with an equals sign', ['--declared=a b.json', 'SELECT 1'], 'SELECT 1'],
    ['that begins with a comment', ['-- why\nSELECT 1'], '-- why\nSELECT 1'],
    ['that begins with a comment without a space', ['--why\nSELECT 1'], '--why\nSELECT 1'],
    ['behind two dashes', ['--json', '--', '--why'], '--why'],
  ])('%s', (_name, args, sql) => {
    expect(parseClassifyOptions(args).sql).toBe(sql)
  })
})

test('formats and sources', () => {
  expect(parseClassifyOptions([])).toEqual({ format: 'text' })
  expect(parseClassifyOptions(['--json'])).toMatchObject({ format: 'json' })
  expect(parseClassifyOptions(['--jsonl', '--declared', 'd.json'])).toMatchObject({
    format: 'jsonl',
    declaredFile: 'd.json',
  })
  expect(parseClassifyOptions(['--catalog', 'postgres://u:p@h:5/d']).database).toMatchObject({
    host: 'h',
    port: '5',
    user: 'u',
    password: 'p',
    database: 'd',
  })
})

test.each<readonly [args: readonly string[], message: RegExp]>([
  [['SELECT', '1'], /one SQL text, in quotes/],
  [['--jsonl', 'SELECT 1'], /"--jsonl" reads standard input/],
  [['--jsonl', '--json'], /give one of them/],
  [['--jsno'], /Unknown option "--jsno". Did you mean "--json"/],
  [['-x'], /Unknown option "-x"/],
  [['--json=1'], /"--json" takes no value/],
  [['--catalog'], /"--catalog" needs a value/],
  [['--catalog', 'secret'], /"--catalog" must be an address such as/],
  [['--catalog', 'http://u:secret@h/d'], /"--catalog" must be an address such as/],
  [['--catalog', 'postgres://u:secret@h:99999/d'], /"--catalog" must be a connection string/],
  [['--catalog', 'postgres://u:secret@h1,h2/d'], /with one host/],
])('%j is refused', (args, message) => {
  let error: unknown
  try {
    parseClassifyOptions(args)
  } catch (caught) {
    error = caught
  }
  expect(error).toBeInstanceOf(CliError)
  expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) as string })
  expect((error as CliError).message).not.toContain('secret')
})
