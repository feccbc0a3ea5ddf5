import { describe, expect, test } from 'vitest'
import { mask } from './mask.ts'
import { parseSource } from './source.ts'

describe('the mask', () => {
  test.each<readonly [name: string, text: string, masked: string]>([
    ['a line comment', "a // 'b'\nc", 'a       \nc'],
    ['a block comment', 'a /* " */ b', 'a         b'],
    ['a string', `f('a"b', "c'd")`, `f('   ', "   ")`],
    ['an escaped quote', String.raw`f('a\'b') + c`, String.raw`f('    ') + c`],
    ['an escaped backslash', String.raw`f('a\\') + 'b'`, String.raw`f('   ') + ' '`],
    ['comment marks in a string', `'/*' + "//" + a`, `'  ' + "  " + a`],
    ['a template', "`it's` + a", '`    ` + a'],
    ['an expression in a template', "`a ${b('c')} d` + e", "`  ${b(' ')}  ` + e"],
    ['braces in a template', '`${{ a: {} }}b` + c', '`${{ a: {} }} ` + c'],
    ['a template in a template', '`a${`b${c}`}d`', '` ${` ${c}`} `'],
    ['a regular expression', `/['"]/.test(a)`, '/    /.test(a)'],
    ['a slash in a class', String.raw`x = /[/'\]"]/`, 'x = /       /'],
    ['a regular expression after a word', `return /'/`, 'return / /'],
    ['a division', `a / b / 'c'`, `a / b / ' '`],
    ['a division after a call', `f(a) / 2 + '/'`, `f(a) / 2 + ' '`],
    ['a method that is called like a keyword', `a.return / 2 + '/'`, `a.return / 2 + ' '`],
  ])('%s', (_, text, masked) => {
    expect(mask(text)).toBe(masked)
  })

  test.each<readonly [name: string, text: string]>([
    ['a string', "a\n'b"],
    ['a comment', 'a\n/* b'],
    ['a template', 'a\n`b'],
    ['a template', 'a\n`b${c'],
    ['a regular expression', 'a =\n/b'],
  ])('%s without an end', (name, text) => {
    expect(() => mask(text)).toThrow(`${name} does not end, in line 2`)
  })
})

describe('imports', () => {
  test.each<readonly [text: string, imports: readonly string[]]>([
    [`import a from './a.ts'`, ['./a.ts']],
    [`import type { A } from "./a.ts"`, ['./a.ts']],
    [`import {\n  a, // from './x.ts'\n  type B,\n} from './a.ts'`, ['./a.ts']],
    [`import './a.ts'`, ['./a.ts']],
    [`export * from './a.ts'`, ['./a.ts']],
    [`export type { A } from './a.ts'\nexport { b } from './b.ts'`, ['./a.ts', './b.ts']],
    [`type A = import('./a.ts').A`, ['./a.ts']],
    ['await import(`pg`)', ['pg']],
    [`const b = require('./b.ts')`, ['./b.ts']],
    [`// import a from './a.ts'`, []],
    [`const text = "import a from './a.ts'"`, []],
    [`Array.from('abc')`, []],
    [`const { from } = { from: './a.ts' }`, []],
  ])('%s', (text, imports) => {
    expect(parseSource('x.ts', text).imports).toEqual(imports)
  })
})
