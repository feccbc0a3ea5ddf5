import { expect, test } from 'vitest'
import { typeQuery } from './types.ts'

const types: readonly (readonly [type: string, query: string | undefined])[] = [
  ['int', 'SELECT NULL::int'],
  ['numeric(10, 2)[]', 'SELECT NULL::numeric(10, 2)[]'],
  ['app."Odd %type"', 'SELECT NULL::app."Odd %type"'],
  ['plain%ROWTYPE', 'SELECT NULL::plain'],
  ['app.plain % rowtype', 'SELECT NULL::app.plain'],
  ['plain.id%TYPE', 'SELECT NULL::plain'],
  ['app."Plain".id%type', 'SELECT NULL::app."Plain"'],
  // Where the name has a dot in it, what is left is no type.
  ['plain."a.b"%TYPE', 'SELECT NULL::plain."a'],
  ['a%TYPE', undefined],
]

test.each(types)('%s', (type, query) => {
  expect(typeQuery(type)).toBe(query)
})
