import { expect, test } from 'vitest'
import { resolveOptions } from './options.ts'
import { settingsFile } from './settings.ts'

const linesFor = (settings: Record<string, string | number | boolean>, replicas = 2): readonly string[] =>
  settingsFile(resolveOptions({ settings, replicas }, {}), '127.0.0.1').split('\n')

test('the settings of the options win over the cluster’s own', () => {
  expect(linesFor({})).toContain(`max_connections = '200'`)
  const lines = linesFor({ max_connections: 20 })
  expect(lines.filter((line) => line.startsWith('max_connections'))).toEqual([`max_connections = '20'`])
})

test('values are quoted so that they stay one value', () => {
  expect(linesFor({ application_name: `it's a \\ b` })).toContain(`application_name = 'it''s a \\\\ b'`)
  expect(linesFor({ jit: false })).toContain(`jit = 'false'`)
})

test('every replica finds a sender, and some are left for others', () => {
  expect(linesFor({}, 16)).toContain(`max_wal_senders = '24'`)
})
