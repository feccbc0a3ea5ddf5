import { describe, expect, it } from 'vitest'
import { parseDryRunOptions } from './options.ts'

const url = 'postgres://app:word@db1/shop'
const server = { host: 'db1', user: 'app', password: 'word', database: 'shop' }

describe('parseDryRunOptions', () => {
  it.each([
    [['--server', url], { kind: 'statements-view', server }],
    [['--server', url, '--log', 'a.log'], { kind: 'log', path: 'a.log' }],
    [['--file', '-'], { kind: 'file', path: '-' }],
  ])('%s', (args, source) => {
    expect(parseDryRunOptions(args).source).toEqual(source)
  })

  it.each([
    [[], 'Give the traffic: "--server URL", "--log FILE" or "--file FILE"'],
    [['--log', 'a', '--file', 'b'], '"--log" and "--file" are two sources: give one of them'],
    [
      ['--server', 'app:word@db1'],
      'Option "--server" must be an address such as postgres://user@host:5432/database',
    ],
    [['--logs', 'a'], 'Unknown option "--logs". Did you mean "--log"?'],
    [['a.log'], 'Unexpected argument: this command takes only options'],
  ])('%s: %s', (args, message) => {
    expect(() => parseDryRunOptions(args)).toThrow(expect.objectContaining({ message, exitCode: 2 }))
  })
})
