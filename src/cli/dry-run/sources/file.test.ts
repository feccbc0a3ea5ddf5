import { expect, it } from 'vitest'
import { readStatements } from './file.ts'

async function read(text: string): Promise<{ traffic: unknown[]; notes: readonly string[] }> {
  const { traffic, notes } = readStatements(text)
  const found: unknown[] = []
  for await (const each of traffic) found.push(each)
  return { traffic: found, notes: notes() }
}

it('reads a script as the statements of one client', async () => {
  expect(await read("begin; select ';';\ncommit")).toEqual({
    traffic: ['begin', "select ';'", 'commit'].map((sql) => ({ session: 'script', sql, calls: 1 })),
    notes: [],
  })
})

it('reads lines of JSON, and counts those that are none', async () => {
  const lines = [
    '{"sql": "select 1", "calls": 5, "ms": 2.5, "session": 7}',
    '',
    '{"text": "select 2"}',
    'oops',
  ]
  expect(await read(lines.join('\n'))).toEqual({
    traffic: [{ sql: 'select 1', calls: 5, ms: 2.5, session: '7' }],
    notes: ['Lines that are no objects with a string "sql", and do not count: 2.'],
  })
})
