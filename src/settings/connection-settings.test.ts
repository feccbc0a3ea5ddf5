import type { PoolClient } from 'pg'
import { expect, test } from 'vitest'
import { ConnectionSettings } from './connection-settings.ts'
import { Journal } from './journal.ts'

test('what waits while the first setting is made does not run under it', () => {
  const sent: string[] = []
  const client = {
    query: (sql: string, done: (error?: Error) => void) => {
      sent.push(sql)
      done()
    },
  } as unknown as PoolClient
  const settings = new ConnectionSettings()
  const waiting = settings.under(
    Journal.empty,
    (_client, done) => {
      sent.push('waiting')
      done(undefined)
    },
    false,
  )
  settings.note(client, Journal.empty.with('work_mem', 'SET "work_mem" TO 1'))
  waiting(client, () => {})
  expect(sent).toEqual(['RESET "work_mem"', 'waiting'])
})
