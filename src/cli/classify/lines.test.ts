import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { LineSplitter, type InputLine } from './lines.ts'

function split(chunks: readonly (string | Uint8Array)[], maxLineBytes = 100): readonly InputLine[] {
  const splitter = new LineSplitter(maxLineBytes)
  const lines = chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk)))
  return [...lines, ...splitter.rest()]
}

test('lines are the same, however the bytes come', () => {
  const lineText = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '👍', '\r', ' ') })
  fc.assert(
    fc.property(fc.array(lineText), fc.integer({ min: 1, max: 9 }), (texts, chunkBytes) => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''))
      const chunks: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes))
      expect(split(chunks, 1000)).toEqual(texts.map((text, index) => ({ number: index + 1, text })))
    }),
  )
})

test('the last line needs no line break', () => {
  expect(split(['a\nb'])).toEqual([
    { number: 1, text: 'a' },
    { number: 2, text: 'b' },
  ])
  expect(split([])).toEqual([])
})

test('a line that is too long, or not UTF-8, does not affect its neighbours', () => {
  const chunks = ['a\n1234', '56\nb\n', Buffer.from([0xff, 10]), '12345\n', '123456']
  expect(split(chunks, 5)).toEqual([
    { number: 1, text: 'a' },
    { number: 2, error: 'The line is longer than 5 bytes' },
    { number: 3, text: 'b' },
    { number: 4, error: 'The line is not UTF-8' },
    { number: 5, text: '12345' },
    { number: 6, error: 'The line is longer than 5 bytes' },
  ])
})

test('a byte order mark is no part of the first line', () => {
  expect(split(['\ufeff{}\n'])).toEqual([{ number: 1, text: '{}' }])
})
