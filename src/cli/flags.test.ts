import { describe, expect, it } from 'vitest'
import { parseFlags, wholeNumber } from './flags.ts'

const kinds = { json: 'boolean', seconds: 'value', replica: 'list' } as const

describe('parseFlags', () => {
  it('reads what is given, in every way of writing it', () => {
    const flags = parseFlags(['--json', '--seconds', '5', '--replica=a', '--replica', 'b'], kinds)
    expect([flags.has('json'), flags.value('seconds'), flags.list('replica')]).toEqual([
      true,
      '5',
      ['a', 'b'],
    ])
  })

  it('leaves absent what is not', () => {
    const flags = parseFlags([], kinds)
    expect([flags.has('json'), flags.value('seconds'), flags.list('replica')]).toEqual([false, undefined, []])
  })

  it('takes a negative number for a value', () => {
    expect(parseFlags(['--seconds', '-5'], kinds).value('seconds')).toBe('-5')
  })

  it.each([
    [['--second', '5'], 'Unknown option "--second". Did you mean "--seconds"?'],
    [['--constructor'], 'Unknown option "--constructor". See --help'],
    [['-x'], 'Unknown option "-x". See --help'],
    [['--postgres://me:secret@host'], 'Unknown option. See --help'],
    [['--json=yes'], 'Option "--json" takes no value'],
    [['--seconds'], 'Option "--seconds" needs a value'],
    [['--seconds='], 'Option "--seconds" needs a value'],
    [['--seconds', '1', '--seconds', '2'], 'Option "--seconds" is given twice'],
    [['postgres://me:secret@host/db'], 'Unexpected argument: this command takes only options'],
    [['--', '--json'], 'Unexpected argument: this command takes only options'],
  ])('%s: %s', (args, message) => {
    expect(() => parseFlags(args, kinds)).toThrow(
      expect.objectContaining({ message, code: 'SWITCHYARD_CLI', exitCode: 2 }),
    )
  })
})

describe('wholeNumber', () => {
  const range = { defaultValue: 3, min: 1, max: 9 }
  const read = (...args: string[]): number => wholeNumber(parseFlags(args, kinds), 'seconds', range)

  it('reads the number, or gives the default', () => {
    expect([read('--seconds', '9'), read()]).toEqual([9, 3])
  })

  it.each([
    ['0', '"0"'],
    ['10', '"10"'],
    ['1.5', 'another text'],
    ['-1', '"-1"'],
    ['one', '"one"'],
  ])('%s is refused', (text, received) => {
    const message = `Option "--seconds" must be a whole number from 1 to 9; received ${received}`
    expect(() => read(`--seconds=${text}`)).toThrow(expect.objectContaining({ message, exitCode: 2 }))
  })
})
