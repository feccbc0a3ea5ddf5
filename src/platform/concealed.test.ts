import { inspect } from 'node:util'
import { describe, expect, it, test } from 'vitest'
import { conceal } from './concealed.ts'

function inspected(options: object): string {
  conceal(options)
  return inspect({ options }, { depth: 2 })
}

describe('conceal', () => {
  test.each<readonly [options: object, shown: string]>([
    [{ host: 'a', password: 'x' }, "{ options: { host: 'a', password: '…' } }"],
    [{ password: undefined }, '{ options: { password: undefined } }'],
    [
      { ca: 'c', key: 'x', pfx: Buffer.from('x'), passphrase: 'x' },
      "{ options: { ca: 'c', key: '…', pfx: '…', passphrase: '…' } }",
    ],
    [{ connectionString: 'postgres://a:x@h/d' }, "{ options: { connectionString: 'postgres://…@h/d' } }"],
    [
      { connectionString: 'postgres://a:x@y@h1,h2/d?a=b' },
      "{ options: { connectionString: 'postgres://…@h1,h2/d?a=b' } }",
    ],
    [{ connectionString: 'postgres://h/d' }, "{ options: { connectionString: 'postgres://h/d' } }"],
    [
      { connectionString: 'postgres://h/d?password=x&b=c' },
      "{ options: { connectionString: 'postgres://h/d?password=…&b=c' } }",
    ],
    [
      { connectionString: 'postgres://a:x&pass=y@h/d?password=z' },
      "{ options: { connectionString: 'postgres://…@h/d?password=…' } }",
    ],
    [{ connectionString: 'postgres://h/d?password=x@y' }, "{ options: { connectionString: '…' } }"],
    [{ connectionString: 'postgres://a:x?y@h/d' }, "{ options: { connectionString: '…' } }"],
    [{ nested: { deeper: { a: { b: 1 } } } }, '{ options: { nested: { deeper: [Object] } } }'],
  ])('%j', (options, shown) => {
    expect(inspected(options)).toBe(shown)
  })

  it('changes neither the values, nor copies, nor JSON', () => {
    const options = { connectionString: 'postgres://a:x@h/d', password: 'x' }
    const copy = { ...options }
    conceal(options)
    expect({ ...options }).toEqual(copy)
    expect(Reflect.ownKeys({ ...options })).toEqual(['connectionString', 'password'])
    expect(JSON.stringify(options)).toBe(JSON.stringify(copy))
  })

  it('leaves alone what it cannot change', () => {
    for (const value of [undefined, null, true, 'text', Object.freeze({ password: 'x' })])
      expect(() => conceal(value)).not.toThrow()
  })
})
