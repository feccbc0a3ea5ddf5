import { PassThrough, Readable, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { until } from '../../../test/support/servers.ts'
import { classifyLines, type JsonlOutcome } from './jsonl.ts'
import { openJudge } from './judge-text.ts'

const judge = await openJudge({ database: undefined, declaredFile: undefined })

async function answersTo(
  chunks: readonly (string | Uint8Array)[],
  maxLineBytes?: number,
): Promise<JsonlOutcome & { readonly text: string; readonly answers: readonly unknown[] }> {
  let text = ''
  const output = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  const outcome = await classifyLines(Readable.from(chunks), output, judge, maxLineBytes)
  const lines = text.split('\n').filter((line) => line !== '')
  return { ...outcome, text, answers: lines.map((line): unknown => JSON.parse(line)) }
}

const lineOf = (sql: string): string => `${JSON.stringify({ sql })}\n`

describe('answers', () => {
  test('every statement in its place, whatever way the bytes come', async () => {
    const rows = Array.from({ length: 500 }, (_, index) =>
      index % 3 === 0 ? 'SELECT 1' : `DELETE FROM t${index}`,
    )
    const bytes = Buffer.from(rows.map(lineOf).join(''))
    const chunks = Array.from({ length: Math.ceil(bytes.length / 77) }, (_, index) =>
      bytes.subarray(index * 77, index * 77 + 77),
    )
    const { answers, ...outcome } = await answersTo(chunks)
    expect(outcome).toMatchObject({ judged: 500, failed: 0, isComplete: true })
    expect(answers.map((answer) => (answer as { kind: string }).kind)).toEqual(
      rows.map((sql) => (sql === 'SELECT 1' ? 'read' : 'write')),
    )
  })

  test('with kind and reason first, the facts behind', async () => {
    const { text } = await answersTo([lineOf("SELECT nextval('s')"), lineOf('SELECT 1')])
    expect(text).toBe(
      '{"kind":"write","reason":"function-writes","role":"primary","mayWrite":true,"leavesSessionState":false,' +
        '"multiple":false,"offender":{"text":"nextval()","position":7},"footprint":{"changes":["s"],"shows":["s"]}}\n' +
        '{"kind":"read","reason":"select","role":"replica","mayWrite":false,"leavesSessionState":false,"multiple":false,' +
        '"footprint":{"changes":[],"shows":[]}}\n',
    )
  })

  test.each<readonly [name: string, line: string | Uint8Array, error: string]>([
    ['no JSON', 'SELECT 1', 'The line is not JSON'],
    ['cut JSON', '{"sql": "SELECT', 'The line is not JSON'],
    ['a list', '["SELECT 1"]', 'The line is no object with a string "sql"'],
    ['null', 'null', 'The line is no object with a string "sql"'],
    ['a text', '"SELECT 1"', 'The line is no object with a string "sql"'],
    ['no sql', '{"query": "SELECT 1"}', 'The line is no object with a string "sql"'],
    ['sql that is no text', '{"sql": 1}', 'The line is no object with a string "sql"'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'The line is not UTF-8'],
    ['too long', lineOf(`SELECT ${'1'.repeat(200)}`).trim(), 'The line is longer than 100 bytes'],
  ])('an error in the place of a bad line: %s', async (_name, line, error) => {
    const { answers, judged, failed } = await answersTo([lineOf('BEGIN'), line, '\n', lineOf('COMMIT')], 100)
    expect(answers).toMatchObject([{ reason: 'begin' }, { error, line: 2 }, { reason: 'commit' }])
    expect({ judged, failed }).toEqual({ judged: 2, failed: 1 })
  })

  test('nothing for blank lines, which count as lines', async () => {
    const { answers } = await answersTo(['\n \r\n', lineOf('BEGIN'), '\n', 'x\n', '\n'])
    expect(answers).toMatchObject([{ reason: 'begin' }, { error: expect.any(String) as string, line: 5 }])
  })

  test('nothing of the SQL text, good or bad', async () => {
    const { text } = await answersTo([
      lineOf("SELECT 'hush'"),
      lineOf("UPDATE t SET a = 'hush'"),
      lineOf('hush hush'),
      'hush\n',
      '{"hush": 1}\n',
    ])
    expect(text.split('\n')).toHaveLength(6)
    expect(text).not.toContain('hush')
  })

  test('CR LF, a byte order mark, other fields and empty texts', async () => {
    const { answers } = await answersTo(['\ufeff{"id": 1, "sql": "SELECT 1"}\r\n{"sql": ""}\n'])
    expect(answers).toMatchObject([{ reason: 'select' }, { reason: 'empty' }])
  })

  test('a last line that nothing ends, good or bad', async () => {
    expect(await answersTo(['{"sql": ""}'])).toMatchObject({ judged: 1, failed: 0, isComplete: true })
    expect(await answersTo(['{"sql": '])).toMatchObject({ judged: 0, failed: 1, isComplete: true })
  })
})

describe('streams', () => {
  test('answers a line before the next one comes', async () => {
    const input = new PassThrough()
    const output = new PassThrough()
    const outcome = classifyLines(input, output, judge)
    for (const sql of ['BEGIN', 'SELECT 1', 'COMMIT']) {
      input.write(lineOf(sql))
      await until('the line is answered', () => output.readableLength > 0)
      output.read()
    }
    input.end()
    expect(await outcome).toEqual({ judged: 3, failed: 0, isComplete: true })
  })

  test('reads no further while the answers are not consumed', async () => {
    let given = 0
    const input = Readable.from(
      (function* () {
        for (; given < 1000; given++) yield lineOf('SELECT 1')
      })(),
      { highWaterMark: 1 },
    )
    let taken = 0
    let release: (() => void) | undefined
    const output = new Writable({
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        taken += 1
        release = done
      },
    })
    const outcome = classifyLines(input, output, judge)
    for (let rounds = 1; rounds <= 20; rounds++) {
      await until('an answer is written', () => taken === rounds)
      // All steps that do not depend on the reader are complete.
      await new Promise((resolve) => setImmediate(resolve))
      expect(given).toBeLessThanOrEqual(rounds + 3)
      release?.()
    }
    output.destroy()
    expect(await outcome).toMatchObject({ isComplete: false })
    expect(given).toBeLessThan(30)
  })

  test('ends when the answers have no reader any more', async () => {
    const input = Readable.from(
      (function* () {
        for (let given = 0; given < 20_000; given++) yield lineOf('SELECT 1')
      })(),
    )
    const output = new Writable({
      write: (_chunk, _encoding, done) => done(new Error('write EPIPE')),
    })
    expect(await classifyLines(input, output, judge)).toMatchObject({ isComplete: false })
    expect(input.destroyed).toBe(true)
  })
})
