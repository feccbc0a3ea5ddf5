import { afterEach, expect, test, vi } from 'vitest'
import { ownEnvironment } from './environment.ts'

afterEach(() => vi.unstubAllEnvs())

test('variables that PostgreSQL would use are left out', () => {
  vi.stubEnv('PGSSLMODE', 'require')
  vi.stubEnv('PGDATA', '/elsewhere')
  const environment = ownEnvironment()
  expect(Object.keys(environment).filter((name) => name.startsWith('PG'))).toEqual([])
  expect(environment['PATH']).toBe(process.env['PATH'])
})
