import { expect, test } from 'vitest'
import { keyOf } from './key-of.ts'
import type { KeyProof, KeyType } from './key.ts'

function proof(...types: readonly KeyType[]): KeyProof {
  return {
    relation: 'app.t',
    columns: types.map((type, index) => ({ type, value: { parameter: index + 1 } })),
  }
}

const UUID = 'a0eebc999c0b4ef8bb6d6bb9bd380a11'

test.each<readonly [type: KeyType, value: unknown, key: string | undefined]>([
  ['int4', '7', '7'],
  ['int4', ' 7\t', '7'],
  ['int4', 7, '7'],
  ['int4', 7n, '7'],
  ['int4', '+7', '7'],
  ['int4', '007', '7'],
  ['int4', '-007', '-7'],
  ['int4', '-0', '0'],
  ['int4', -0, '0'],
  ['int2', '32767', '32767'],
  ['int2', '32768', undefined],
  ['int2', -32_768, '-32768'],
  ['int2', -32_769, undefined],
  ['int4', 2_147_483_648, undefined],
  ['int8', 2_147_483_648, '2147483648'],
  ['int8', '9223372036854775807', '9223372036854775807'],
  ['int8', 9_223_372_036_854_775_808n, undefined],
  ['int8', '9007199254740993', '9007199254740993'],
  // Spellings that only some servers accept, and values that are rounded
  ['int8', 2 ** 53, undefined],
  ['int4', 1.5, undefined],
  ['int4', Number.NaN, undefined],
  ['int4', '0x7', undefined],
  ['int4', '1_000', undefined],
  ['int4', '7.0', undefined],
  ['int4', '7e0', undefined],
  ['int4', '+ 7', undefined],
  ['int4', '\u00a07', undefined],
  ['int4', '\uff17', undefined],
  ['int4', '', undefined],
  ['int4', '0'.repeat(200) + '7', undefined],
  ['uuid', UUID, UUID],
  ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', UUID],
  ['uuid', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', UUID],
  ['uuid', 'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11', UUID],
  ['uuid', `{${UUID}`, undefined],
  ['uuid', ` ${UUID}`, undefined],
  ['uuid', `${UUID}-`, undefined],
  ['uuid', 'a0eebc9-99c0b4ef8bb6d6bb9bd380a11', undefined],
  ['uuid', 7, undefined],
  ['text', 'a', 'a'],
  ['text', 'A', 'A'],
  ['text', ' 7 ', ' 7 '],
  ['text', 7, '7'],
  ['text', '', ''],
  ['text', 'a\0', undefined],
  ['text', '\u00e9', undefined],
  ['text', '\ud800', undefined],
  ['varchar', '\ud801', undefined],
  ['varchar', 'a', 'a'],
  // Values that node-postgres converts
  ...[
    null,
    undefined,
    true,
    new Date(0),
    Buffer.from('7'),
    [7],
    { a: 1 },
    { toPostgres: () => '7' },
    Symbol('7'),
  ].map((value) => ['text', value, undefined] as const),
  ['int4', new Number(7), undefined],
  ['text', new String('7'), undefined],
])('%s %o: %o', (type, value, key) => {
  expect(keyOf(proof(type), [value])).toBe(key)
})

test('a key of several columns has the values of all, in their order', () => {
  const composite = proof('int4', 'text')
  expect(keyOf(composite, ['07', 'a'])).toBe(keyOf(composite, [7, 'a']))
  expect(keyOf(composite, [7, 'a'])).not.toBe(keyOf(composite, [7, 'b']))
  expect(keyOf(composite, [7])).toBeUndefined()
  const texts = proof('text', 'text')
  expect(keyOf(texts, ['a', 'bc'])).not.toBe(keyOf(texts, ['ab', 'c']))
})

test('a constant is a value like that of a parameter', () => {
  const constant: KeyProof = { relation: 'app.t', columns: [{ type: 'int8', value: { literal: ' 07' } }] }
  expect(keyOf(constant)).toBe('7')
  expect(keyOf(constant, [8])).toBe('7')
})
