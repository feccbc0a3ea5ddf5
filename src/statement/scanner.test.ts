import { describe, expect, test } from 'vitest'
import { Scanner, type TokenKind } from './scanner.ts'

function tokens(sql: string): readonly (readonly [TokenKind, string])[] {
  const scanner = new Scanner(sql)
  const found: (readonly [TokenKind, string])[] = []
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) found.push([kind, scanner.text])
  return found
}

describe('tokens', () => {
  test.each<readonly [sql: string, expected: readonly (readonly [TokenKind, string])[]]>([
    ['', []],
    [' \t\n\v\f ', []],
    ['a_1$é', [['word', 'a_1$é']]],
    [
      '"a b""c"d',
      [
        ['quoted-name', '"a b""c"'],
        ['word', 'd'],
      ],
    ],
    ["'a''b'", [['literal', "'a''b'"]]],
    [
      String.raw`'a\'b`,
      [
        ['literal', String.raw`'a\'`],
        ['word', 'b'],
      ],
    ],
    [
      String.raw`E'a\'b'c`,
      [
        ['literal', String.raw`E'a\'b'`],
        ['word', 'c'],
      ],
    ],
    [
      String.raw`xE'a\'b`,
      [
        ['word', 'xE'],
        ['literal', String.raw`'a\'`],
        ['word', 'b'],
      ],
    ],
    [
      "'a'\n 'b' 'c'",
      [
        ['literal', "'a'\n 'b'"],
        ['literal', "'c'"],
      ],
    ],
    ["'a' -- x\n-- y\n'b'", [['literal', "'a' -- x\n-- y\n'b'"]]],
    [
      "'a' /* x */\n'b'",
      [
        ['literal', "'a'"],
        ['block-comment', '/* x */'],
        ['literal', "'b'"],
      ],
    ],
    [
      "B'1' n'2'",
      [
        ['literal', "B'1'"],
        ['literal', "n'2'"],
      ],
    ],
    [
      "a'b' é'c'",
      [
        ['word', 'a'],
        ['literal', "'b'"],
        ['word', 'é'],
        ['literal', "'c'"],
      ],
    ],
    [
      "U&'a'",
      [
        ['word', 'U'],
        ['symbol', '&'],
        ['literal', "'a'"],
      ],
    ],
    [
      '$$a$b$$c',
      [
        ['literal', '$$a$b$$'],
        ['word', 'c'],
      ],
    ],
    ['$t$ $$ $T$ $t$', [['literal', '$t$ $$ $T$ $t$']]],
    [
      '$1$2',
      [
        ['symbol', '$'],
        ['number', '1'],
        ['symbol', '$'],
        ['number', '2'],
      ],
    ],
    ['a$$b', [['word', 'a$$b']]],
    ['1.5e3', [['number', '1.5e3']]],
    [
      '([{}])',
      [
        ['open', '('],
        ['open', '['],
        ['open', '{'],
        ['close', '}'],
        ['close', ']'],
        ['close', ')'],
      ],
    ],
    [
      'a,b;',
      [
        ['word', 'a'],
        ['comma', ','],
        ['word', 'b'],
        ['semicolon', ';'],
      ],
    ],
    [
      'a::b',
      [
        ['word', 'a'],
        ['symbol', ':'],
        ['symbol', ':'],
        ['word', 'b'],
      ],
    ],
    [
      'a--b\nc',
      [
        ['word', 'a'],
        ['line-comment', '--b'],
        ['word', 'c'],
      ],
    ],
    [
      'a--b\rc',
      [
        ['word', 'a'],
        ['line-comment', '--b'],
        ['word', 'c'],
      ],
    ],
    [
      'a-b/c',
      [
        ['word', 'a'],
        ['symbol', '-'],
        ['word', 'b'],
        ['symbol', '/'],
        ['word', 'c'],
      ],
    ],
    [
      '/* /* */ */a',
      [
        ['block-comment', '/* /* */ */'],
        ['word', 'a'],
      ],
    ],
    [
      '/*/**/*/a',
      [
        ['block-comment', '/*/**/*/'],
        ['word', 'a'],
      ],
    ],
    ["'open", [['literal', "'open"]]],
    ['"open', [['quoted-name', '"open']]],
    ['$$open', [['literal', '$$open']]],
    ['/* open', [['block-comment', '/* open']]],
  ])('of %j', (sql, expected) => {
    expect(tokens(sql)).toEqual(expected)
  })
})

describe('a backslash in a plain constant', () => {
  test.each([
    [String.raw`'a\b'`, true],
    [String.raw`'a'` + '\n' + String.raw`'\b'`, true],
    [String.raw`U&'\0041'`, true],
    [String.raw`E'a\b'`, false],
    [String.raw`$$a\b$$`, false],
    ["'ab'", false],
  ])('%j: %s', (sql, expected) => {
    const scanner = new Scanner(sql)
    let kind = scanner.next()
    while (kind !== 'literal') kind = scanner.next()
    expect(scanner.hasBackslash).toBe(expected)
  })
})
