import { describe, expect, test } from 'vitest'
import type { ClusterOptions } from './options.ts'
import { resolveOptions } from './options.ts'

test('defaults', () => {
  expect(resolveOptions({}, {})).toEqual({
    replicas: 2,
    settings: {},
    database: 'postgres',
    backend: 'embedded',
    binDir: undefined,
    directory: undefined,
    image: 'postgres:18',
    timeoutMs: 30_000,
  })
})

test('the environment chooses the backend, the option wins', () => {
  const environment = { SWITCHYARD_CLUSTER: 'testcontainers' }
  expect(resolveOptions({}, environment).backend).toBe('testcontainers')
  expect(resolveOptions({ backend: 'embedded' }, environment).backend).toBe('embedded')
})

test('the environment names the programs, the option wins', () => {
  const environment = { SWITCHYARD_BIN_DIR: '/opt/postgresql/14/bin' }
  expect(resolveOptions({}, environment).binDir).toBe('/opt/postgresql/14/bin')
  expect(resolveOptions({ binDir: '/opt/postgresql/17/bin' }, environment).binDir).toBe(
    '/opt/postgresql/17/bin',
  )
})

test('options and settings are copied and frozen', () => {
  const settings = { work_mem: '1MB' }
  const resolved = resolveOptions({ settings }, {})
  settings.work_mem = '2MB'
  expect(resolved.settings).toEqual({ work_mem: '1MB' })
  expect(Object.isFrozen(resolved)).toBe(true)
})

describe('refused', () => {
  test.each<readonly [options: object, message: string]>([
    [{ replicas: -1 }, 'replicas must be an integer from 0 to 16; received -1'],
    [{ replicas: 17 }, 'replicas must be an integer from 0 to 16; received 17'],
    [{ replicas: 1.5 }, 'replicas must be an integer from 0 to 16; received 1.5'],
    [{ replicas: '2' }, 'replicas must be an integer from 0 to 16; received "2"'],
    [{ database: '' }, 'database must be 1 to 63 characters; received ""'],
    [{ timeoutMs: 0 }, 'timeoutMs must be a number above 0; received 0'],
    [{ timeoutMs: Infinity }, 'timeoutMs must be a number above 0; received Infinity'],
    [{ binDir: '' }, 'binDir must be the path of a directory; received ""'],
    [{ directory: 7 }, 'directory must be the path of a directory; received 7'],
    [{ image: '' }, 'image must be the name of an image; received ""'],
    [{ backend: 'podman' }, `backend must be 'embedded' or 'testcontainers'; received "podman"`],
    [{ settings: { 'a = 1\nb': 1 } }, 'settings must be names of PostgreSQL settings; received "a = 1\\nb"'],
    [
      { settings: { Port: 5432 } },
      'settings must be settings other than port, listen_addresses, data_directory, primary_conninfo, ' +
        'cluster_name; received "Port"',
    ],
  ])('%j', (options, message) => {
    expect(() => resolveOptions(options as ClusterOptions, {})).toThrow(
      expect.objectContaining({ code: 'SWITCHYARD_INVALID_OPTION', message }),
    )
  })

  test('a name that is no option', () => {
    expect(() => resolveOptions({ replica: 2 } as ClusterOptions, {})).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_UNKNOWN_OPTION',
        message: expect.stringMatching(/^unknown option "replica"; known are replicas, /),
      }),
    )
  })
})
