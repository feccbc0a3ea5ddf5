import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { ask } from '../support/servers.ts'
import { classifyCommand } from './command.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

// The command as it is built: run `npm run build` first.

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pg-switchyard-classify-'))
})

afterAll(() => rm(directory, { recursive: true }))

describe('one text', () => {
  it('as an argument', async () => {
    expect(await classifyCommand(['SELECT * FROM t FOR UPDATE'])).toEqual({
      code: 0,
      stdout:
        'write → the primary\nFOR UPDATE locks rows, which only the primary can do (row-lock)\n\n' +
        '   1 | SELECT * FROM t FOR UPDATE\n     |                 ^^^^^^^^^^\n',
      stderr: '',
    })
  })

  it('on standard input, with several lines', async () => {
    const { stdout } = await classifyCommand([], '-- all of it\nSELECT 1;\n\nCALL p()\n')
    expect(stdout).toContain('   4 | CALL p()\n     | ^^^^\n')
    expect(stdout).toContain('several statements')
  })

  it('as JSON', async () => {
    const { stdout } = await classifyCommand(['--json', 'BEGIN READ ONLY'])
    expect(JSON.parse(stdout)).toEqual({
      kind: 'transaction',
      reason: 'begin',
      role: 'primary',
      modes: { accessMode: 'read only' },
      mayWrite: false,
      leavesSessionState: false,
      multiple: false,
      footprint: { changes: [], shows: [] },
    })
  })

  it('is coloured only for a terminal', async () => {
    const { stdout } = await classifyCommand(['CALL p()'], '', { FORCE_COLOR: '1' })
    expect(stdout).not.toContain('\u001b')
  })
})

describe('many texts', () => {
  it('are answered in order, bad lines in their place', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) =>
      index % 1000 === 999
        ? 'oops'
        : JSON.stringify({ sql: index % 2 ? 'SELECT 1' : `DELETE FROM t${index}` }),
    )
    const { code, stdout, stderr } = await classifyCommand(['--jsonl'], rows.join('\n'))
    const answers = stdout.trimEnd().split('\n')
    const expected = rows.map((row) =>
      row === 'oops' ? /^\{"error":/ : /SELECT/.test(row) ? /^\{"kind":"read"/ : /^\{"kind":"write"/,
    )
    expect(answers).toEqual(expected.map((start) => expect.stringMatching(start) as string))
    expect(code).toBe(1)
    expect(stderr).toBe('pg-switchyard classify: 20 of 20000 lines could not be classified\n')
  })

  it('all of them good', async () => {
    expect(await classifyCommand(['--jsonl'], '{"sql": "COMMIT"}\n')).toMatchObject({ code: 0, stderr: '' })
    expect(await classifyCommand(['--jsonl'])).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

describe('with a database', () => {
  let cluster: Cluster

  beforeAll(async () => {
    cluster = await sharedCluster({ replicas: 1 })
    await ask(
      cluster.primary.config,
      `CREATE TABLE known (id int);
       CREATE UNLOGGED TABLE log (id int);
       CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
       CREATE FUNCTION count_up() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
       CREATE VIEW counted AS SELECT count_up() FROM known`,
    )
    await cluster.caughtUp()
  })

  afterAll(() => cluster.stop())

  const urlOf = ({ config }: ClusterNode, password = config.password): string => {
    const url = new URL('postgres://h')
    url.hostname = config.host
    url.port = String(config.port)
    url.username = config.user
    url.password = password
    url.pathname = config.database
    return url.href
  }

  const texts = [
    'SELECT twice(id) FROM known',
    'SELECT * FROM log',
    'SELECT * FROM counted',
    'SELECT * FROM nil',
  ]
  const input = texts.map((sql) => `${JSON.stringify({ sql })}\n`).join('')
  const reasonsWith = async (...args: string[]): Promise<readonly string[]> => {
    const { stdout, stderr } = await classifyCommand(['--jsonl', ...args], input)
    expect(stderr).toBe('')
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { reason: string }).reason)
  }

  it('judges by what the database says, primary or standby', async () => {
    expect(await reasonsWith()).toEqual(['catalog-pending', 'select', 'select', 'select'])
    const known = ['select', 'relation-unlogged', 'relation-volatile', 'relation-unknown']
    for (const node of [cluster.primary, ...cluster.replicas]) {
      expect(await reasonsWith('--catalog', urlOf(node))).toEqual(known)
    }
  })

  it('gives declarations the last word', async () => {
    const file = join(directory, 'declared.json')
    const functions = { count_up: 'readOnly', twice: 'readOnly' }
    await writeFile(file, JSON.stringify({ functions, relations: { known: 'primaryOnly' } }))
    expect(await reasonsWith('--declared', file)).toEqual([
      'declared-primary-only',
      'select',
      'select',
      'select',
    ])
    expect(await reasonsWith('--declared', file, '--catalog', urlOf(cluster.primary))).toEqual([
      'declared-primary-only',
      'relation-unlogged',
      'declared-primary-only',
      'relation-unknown',
    ])
  })

  it('says nothing of the text alone when the database was asked', async () => {
    const { stdout } = await classifyCommand(['--catalog', urlOf(cluster.primary), 'SELECT * FROM known'])
    expect(stdout).toMatch(/^read → a replica\n.+\(select\)\n$/)
  })

  it('says in one line why the database cannot be asked, and no password', async () => {
    const wrong = await classifyCommand(['--catalog', urlOf(cluster.primary, 'not-the-secret'), 'SELECT 1'])
    expect(wrong).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^pg-switchyard classify: The database refuses the login: [^\n]+\n$/,
      ) as string,
    })
    expect(wrong.stderr).not.toContain('not-the-secret')
  })
})

describe('an impossible request ends with one line and 2', () => {
  it('no server at the address', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    const { port } = await new Promise<AddressInfo>((resolve) =>
      server.on('listening', () => resolve(server.address() as AddressInfo)),
    )
    await new Promise((resolve) => server.close(resolve))
    const args = ['--catalog', `postgres://u:hush@127.0.0.1:${port}/d`, '--jsonl']
    const { code, stdout, stderr } = await classifyCommand(args, '{"sql": "SELECT 1"}\n')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^pg-switchyard classify: The database cannot be reached: [^\n]+\n$/)
    expect(stderr).not.toContain('hush')
  })

  it.each<readonly [name: string, content: string | undefined, message: RegExp]>([
    ['absent', undefined, /must be a file that can be read: ENOENT/],
    ['no JSON', 'functions: 1', /must be a file with a JSON object such as/],
    ['a list', '[]', /must be a file with a JSON object such as/],
    ['of the wrong shape', '{"functions": ["f"]}', /must be a file with a JSON object such as/],
    ['of an unknown kind', '{"tables": {}}', /has 'functions' and 'relations', but no 'tables'/],
    ['with a bad word', '{"functions": {"f": "harmless"}}', /must be 'readOnly' or 'primaryOnly'/],
  ])('a file of declarations that is %s', async (_name, content, message) => {
    const file = join(directory, 'bad.json')
    await rm(file, { force: true })
    if (content !== undefined) await writeFile(file, content)
    const { code, stderr } = await classifyCommand(['--declared', file, 'SELECT 1'])
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd()).not.toContain('\n')
  })

  it.each<readonly [name: string, args: readonly string[], stdin: Uint8Array, message: RegExp]>([
    ['unknown option', ['--jsonll'], Buffer.of(), /Unknown option "--jsonll"\. Did you mean "--jsonl"\?/],
    ['two texts', ['SELECT', '1'], Buffer.of(), /Give one SQL text, in quotes/],
    ['no UTF-8', [], Buffer.of(0xff), /Standard input is not UTF-8/],
    ['endless input', [], Buffer.alloc(5_000_000, ' '), /Standard input is longer than 4194304 bytes/],
  ])('%s', async (_name, args, stdin, message) => {
    const { code, stdout, stderr } = await classifyCommand(args, stdin)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})
