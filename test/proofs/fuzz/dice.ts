import { randomNumbers } from '../../corpus/mutations.ts'
import { SECRET, type Dice } from './target.ts'

const pieces = [
  '',
  ' ',
  '"',
  "'",
  '\\',
  ';',
  ',',
  '=',
  ':',
  '@',
  '/',
  '?',
  '#',
  '%',
  '%zz',
  '[',
  ']',
  '{',
  '}',
  '\n',
  '\r\n',
  '\t',
  '\0',
  '\uD800',
  '\uDC00',
  '\uFEFF',
  '\u202E',
  'é',
  '😀',
  'İ',
  '-1',
  '0',
  '1e999',
  '99999999999999999999',
  'NaN',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'null',
  'true',
  '../',
  '${x}',
  '/*',
  '*/',
  '--',
]

const atoms: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  0.5,
  65_535,
  65_536,
  2 ** 31,
  2 ** 53,
  1e308,
  Infinity,
  NaN,
  10n,
  '',
  'a',
  'x'.repeat(300),
  `postgres://u:${SECRET}@h/d`,
  '__proto__',
  '5432',
  'localhost',
  '/tmp',
  'postgres://a@b/c',
  '\0',
  '😀',
  '10s',
  Symbol('s'),
  () => 1,
  new Date(Number.NaN),
  /a/,
  new Map(),
  new Error(SECRET),
  Object.create(null),
  Buffer.from('a'),
]
const jsonAtoms: readonly unknown[] = atoms.filter(
  (atom) => atom === null || ['string', 'boolean'].includes(typeof atom) || Number.isFinite(atom),
)

const names = [
  'host',
  'port',
  'tags',
  'weight',
  'code',
  'message',
  'name',
  'toString',
  'valueOf',
  '__proto__',
  'length',
  'then',
]

export function diceOf(seed: number): Dice {
  const random = randomNumbers(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const any = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  const operations: readonly ((text: string, at: number, to: number) => string)[] = [
    (text, at) => text.slice(0, at),
    (text, at) => text.slice(at),
    (text, at, to) => text.slice(0, at) + text.slice(to),
    (text, at, to) => text.slice(0, to) + text.slice(at, to).repeat(1 + below(20)) + text.slice(to),
    (text, at) => text.slice(0, at) + any(pieces) + text.slice(at),
    (text, at) => text.slice(0, at) + any(pieces).repeat(1 + below(500)) + text.slice(at),
    (text, at) => text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1),
    (text, at) => text.slice(0, at) + String.fromCharCode(below(0x1_0000)) + text.slice(at),
  ]
  const broken = (text: string): string => {
    let result = text
    for (let count = 1 + below(4); count > 0; count--) {
      const at = below(result.length + 1)
      result = any(operations)(result, at, at + below(result.length + 1 - at))
    }
    return result
  }
  const value = (isJson = false, depth = 0): unknown => {
    const kind = depth > 2 ? 0 : random()
    if (kind < 0.6) return any(isJson ? jsonAtoms : atoms)
    if (kind < 0.7) return broken(any(pieces))
    if (kind < 0.82) return Array.from({ length: below(4) }, () => value(isJson, depth + 1))
    const entries = Array.from({ length: below(4) }, () => [any(names), value(isJson, depth + 1)] as const)
    // As JSON.parse makes it: a name such as "__proto__" is a property of its own.
    return Object.fromEntries(entries)
  }
  return { random, below, any, broken, value: (isJson) => value(isJson) }
}
