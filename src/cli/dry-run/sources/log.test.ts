import { describe, expect, it } from 'vitest'
import { LogSource } from './log.ts'
import { messageIn } from './message.ts'

async function* linesOf(text: string): AsyncIterable<string> {
  for (const line of text.split('\n')) yield await Promise.resolve(line)
}

async function read(
  text: string,
  database?: string,
): Promise<{ traffic: unknown[]; notes: readonly string[] }> {
  const source = new LogSource(linesOf(text), database)
  const traffic: unknown[] = []
  for await (const each of source.traffic) traffic.push(each)
  return { traffic, notes: source.notes() }
}

describe('messageIn', () => {
  it.each([
    ['statement: select 1', { kind: 'statement', sql: 'select 1' }],
    ['execute <unnamed>: select $1', { kind: 'statement', sql: 'select $1' }],
    [
      'duration: 12.345 ms  statement: select 1\nfrom t',
      { kind: 'statement', sql: 'select 1\nfrom t', ms: 12.345 },
    ],
    ['duration: 1.000 ms  execute S_1: select 1', { kind: 'statement', sql: 'select 1', ms: 1 }],
    ['duration: 0.020 ms', { kind: 'duration', ms: 0.02 }],
    ['duration: 0.020 ms  parse <unnamed>: select 1', undefined],
    ['duration: 0.020 ms  bind <unnamed>: select 1', undefined],
    ['execute fetch from S_1/C_1: select 1', undefined],
    ['checkpoint starting: time', undefined],
    ['disconnection: session time: 0:00:00.1 user=app', { kind: 'disconnection' }],
  ])('%s', (text, message) => {
    expect(messageIn(text)).toEqual(message)
  })
})

describe('a log', () => {
  it('on standard error, with continued lines and interleaved sessions', async () => {
    const text = [
      '2026-11-30 12:00:00.000 UTC [11] LOG:  statement: begin',
      '2026-11-30 12:00:00.000 UTC [12] app@shop LOG:  statement: select 1,',
      '\t2',
      '2026-11-30 12:00:00.001 UTC [11] LOG:  duration: 0.500 ms',
      '2026-11-30 12:00:00.001 UTC [11] ERROR:  relation "x" does not exist at character 15',
      '2026-11-30 12:00:00.001 UTC [11] STATEMENT:  select * from x',
      '2026-11-30 12:00:00.002 UTC [12] LOG:  duration: 1.500 ms',
      '2026-11-30 12:00:00.002 UTC [11] LOG:  disconnection: session time: 0:00:00.1',
    ].join('\n')
    expect(await read(text)).toEqual({
      traffic: [
        { session: '11', sql: 'begin', calls: 1, ms: 0.5 },
        { ended: '11' },
        { session: '12', sql: 'select 1,\n2', calls: 1, ms: 1.5 },
      ],
      notes: [],
    })
  })

  it('as CSV, of one database', async () => {
    const row = (database: string, message: string): string =>
      `2026-11-30 12:00:00.000 UTC,"app","${database}",11,"127.0.0.1:5",6a.b,1,"SELECT",2026-11-30 12:00:00 UTC,3/4,0,LOG,00000,"${message}",,,,,,,,,"psql","client backend",,0`
    const text = [
      row('shop', 'duration: 1.5 ms  statement: select ""a, b"",\n1'),
      row('other', 'statement: select 2'),
    ]
    expect((await read(text.join('\n'), 'shop')).traffic).toEqual([
      { session: '6a.b', sql: 'select "a, b",\n1', calls: 1, ms: 1.5 },
    ])
  })

  it('as JSON', async () => {
    const row = (message: string): string =>
      JSON.stringify({ session_id: 's', dbname: 'shop', error_severity: 'LOG', message })
    expect(
      (await read([row('statement: select 1'), 'cut off', row('statement: commit')].join('\n'))).traffic,
    ).toEqual([
      { session: 's', sql: 'select 1', calls: 1 },
      { session: 's', sql: 'commit', calls: 1 },
    ])
  })

  it('says what it cannot tell', async () => {
    expect((await read('')).notes).toEqual([expect.stringContaining('log_statement = all')])
    expect((await read('LOG:  statement: select 1')).notes).toEqual([
      expect.stringContaining('log_line_prefix'),
    ])
    const slow = Array.from({ length: 100 }, () => '[1] LOG:  duration: 250.0 ms  statement: select 1').join(
      '\n',
    )
    expect((await read(slow)).notes).toEqual([expect.stringContaining('only slow statements')])
  })
})
