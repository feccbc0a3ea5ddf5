import { Client } from 'pg'
import { expect, it } from 'vitest'
import { queryOf } from './query-of.ts'
import type { ShareableRead } from './shareable-read.ts'

const READ: ShareableRead = {
  text: 'select $1',
  values: ['a'],
  rowMode: undefined,
  types: undefined,
  binary: undefined,
  schema: undefined,
  timeoutMs: undefined,
}

interface Made {
  text: string
  readonly name: string | undefined
  submit(connection: object): Error | null
}

/** Names and texts of what is parsed, on one connection. */
function connection(): { readonly parsed: unknown[] } {
  const parsed: unknown[] = []
  const nothing = (): void => {}
  const stream = { cork: nothing, uncork: nothing }
  const parse = ({ name, text }: Made): void => void parsed.push([name, text])
  const sends = { bind: nothing, describe: nothing, execute: nothing, sync: nothing, flush: nothing }
  return Object.assign({ parsed }, sends, {
    parse,
    stream,
    parsedStatements: {},
    submittedNamedStatements: {},
  })
}

const made = (read: ShareableRead, name?: string): Made => queryOf(new Client(), read, name) as Made

it('a name is set when the query is sent', () => {
  const query = made(READ, 'generated')
  const { name } = query
  const to = connection()
  expect(query.submit(to)).toBe(null)
  expect([name, to.parsed]).toEqual([undefined, [['generated', 'select $1']]])
})

it('a text that a tool has changed does not get the name of another one', () => {
  const to = connection()
  for (const comment of ['a', 'b', 'a']) {
    const query = made(READ, 'generated')
    query.text = `${query.text} /*${comment}*/`
    expect(query.submit(to)).toBe(null)
  }
  expect(to.parsed).toEqual([
    ['generated', 'select $1 /*a*/'],
    [undefined, 'select $1 /*b*/'],
  ])
})

it('a copy of a query has its mode of rows', () => {
  expect({ ...made({ ...READ, rowMode: 'array' }) }).toMatchObject({ rowMode: 'array', text: 'select $1' })
  expect('rowMode' in made(READ)).toBe(false)
})
