import { describe, expect, it, test } from 'vitest'
import { check } from './check.ts'
import { History, type Kind } from './history.ts'

/**
 * `alice w x 3`: she writes x and is told version 3. `r`: reads. `?` in place of a version: an outcome that nobody was told,
 * `!`: an error. A line that begins with `+` is left open, and ended by the next one that is `-` and the same.
 */
function historyOf(lines: readonly string[]): History {
  const history = new History()
  const pool = history.open('process')
  const sessions = new Map([['pool', pool]])
  const open = new Map<string, number>()
  for (const line of lines) {
    const words = line.replace(/^[+-]/, '')
    const [name = '', kind, register = '', version = ''] = words.split(' ')
    if (!sessions.has(name)) sessions.set(name, history.open('own', name === 'far' ? undefined : pool))
    const session = sessions.get(name) ?? 0
    const named: Kind = kind === 'w' ? 'write' : 'read'
    const operation = open.get(words) ?? history.begin(session, register.charCodeAt(0), named)
    open.delete(words)
    if (line.startsWith('+')) open.set(words, operation)
    else if (version === '?') history.failed(operation, 'unknown')
    else if (version === '!') history.failed(operation, 'failed')
    else history.answered(operation, Number(version))
  }
  return history
}

function brokenBy(lines: readonly string[]): string[] {
  const { violations } = check(historyOf(lines))
  return Object.entries(violations).flatMap(([rule, count]) => Array.from({ length: count }, () => rule))
}

describe('a history that is right', () => {
  test.each<[string, string[]]>([
    ['nothing', []],
    ['what was written is read', ['a w x 1', 'a r x 1']],
    ['or newer', ['a w x 1', 'b w x 2', 'a r x 2']],
    ['reads that stay or go on', ['a r x 1', 'a r x 1', 'a r x 3']],
    ['another session may be behind', ['a w x 1', 'b r x 0', 'b r x 1']],
    ['the writes of several, told out of order', ['+a w x 2', '+b w x 1', '-a w x 2', '-b w x 1', 'c r x 2']],
    ['a read that began before the write had ended', ['+a r x 0', 'a w x 1', '-a r x 0']],
    ['a write that had not ended before the read', ['+a w x 1', 'a r x 0', '-a w x 1', 'a r x 1']],
    ['two reads at a time that meet different servers', ['+a r x 1', '+a r x 0', '-a r x 1', '-a r x 0']],
    ['an unknown outcome that happened', ['a w x ?', 'a r x 1']],
    ['one that did not', ['a w x ?', 'a r x 0']],
    ['a write that failed', ['a w x !', 'a r x 0', 'a w x 1']],
    ['other registers', ['a w x 5', 'a r y 0']],
    ['reads of a pool that go backwards', ['far w x 1', 'pool r x 1', 'pool r x 0']],
    ['a pool that has not heard of the write yet', ['+a w x 1', 'pool r x 0', '-a w x 1', 'pool r x 1']],
    ['a pool of another process', ['far w x 1', 'pool r x 0']],
    ['who has not seen the later write may miss the earlier', ['a w x 1', 'a w y 1', 'b r y 0', 'b r x 0']],
    ['nor do they who saw it too late', ['a w x 1', 'a w y 1', '+b r y 1', 'b r x 0', '-b r y 1']],
    ['what was written after the one that was seen', ['a w y 1', 'a w x 1', 'b r y 1', 'b r x 0']],
    ['what was still being written', ['+a w x 1', 'a w y 1', '-a w x 1', 'b r y 1', 'b r x 0']],
    [
      'a pool promises nothing to those who see its writes',
      ['pool w x 1', 'pool w y 1', 'b r y 1', 'b r x 0'],
    ],
    ['and is promised nothing of it', ['far w x 1', 'far w y 1', 'pool r y 1', 'pool r x 0']],
    ['not even where it writes', ['far w x 5', 'far w y 1', 'pool r y 1', 'pool w x 4']],
  ])('%s', (_name, lines) => {
    expect(brokenBy(lines)).toEqual([])
  })
})

describe('a history that breaks', () => {
  test.each<[string, string[], string[]]>([
    ['its own write is not read', ['a w x 1', 'a r x 0'], ['read-your-writes']],
    ['only the older one is', ['a w x 1', 'a w x 2', 'a r x 1'], ['read-your-writes']],
    ['one of two reads misses it', ['a w x 1', 'a r x 1', 'a r x 0'], ['read-your-writes']],
    [
      'a read at the same time excuses nothing',
      ['a w x 1', '+a r y 0', 'a r x 0', '-a r y 0'],
      ['read-your-writes'],
    ],
    ['the pool misses its own', ['pool w x 1', 'pool r x 0'], ['read-your-writes']],
    ['the pool misses what went through it', ['a w x 1', 'pool r x 0'], ['read-your-writes']],
    ['a read goes backwards', ['a r x 2', 'a r x 1'], ['monotonic-reads']],
    ['far behind something else', ['a r x 2', 'a r y 1', 'a r y 1', 'a r x 0'], ['monotonic-reads']],
    ['backwards to what it wrote', ['a w x 1', 'a r x 3', 'a r x 2'], ['monotonic-reads']],
    ['an unknown outcome that was seen', ['a w x ?', 'a r x 1', 'a r x 0'], ['monotonic-reads']],
    ['its second write is lower', ['a w x 3', 'a w x 2'], ['monotonic-writes']],
    ['as of the pool', ['pool w x 3', 'pool w x 2'], ['monotonic-writes']],
    ['its write is not above its read', ['a r x 3', 'a w x 2'], ['writes-follow-reads']],
    ['it is what it had read already', ['a r x 3', 'a w x 3'], ['writes-follow-reads']],
    [
      'the later write is seen, not the earlier',
      ['a w x 1', 'a w y 1', 'b r y 1', 'b r x 0'],
      ['monotonic-writes'],
    ],
    ['nor by a write upon it', ['a w x 2', 'a w y 1', 'b r y 1', 'b w x 1'], ['monotonic-writes']],
    [
      'a write is seen, not what it followed',
      ['a r x 1', 'a w y 1', 'b r y 1', 'b r x 0'],
      ['writes-follow-reads'],
    ],
    ['two were told the same', ['a w x 1', 'b w x 1'], ['no-lost-writes']],
    ['going back twice', ['a r x 3', 'a r x 2', 'a r x 2'], ['monotonic-reads', 'monotonic-reads']],
    [
      'what a lower write was told does not count',
      ['a w x 3', 'a w x 2', 'a r x 2'],
      ['read-your-writes', 'monotonic-writes'],
    ],
    ['each read counts', ['a w x 1', 'a r x 0', 'a r x 0'], ['read-your-writes', 'read-your-writes']],
  ])('%s', (_name, lines, broken) => {
    expect(brokenBy(lines)).toEqual(broken)
  })
})

it('tells what was wrong, and how many reads could have been', () => {
  const verdict = check(historyOf(['a r y 0', 'a w x 7', 'a r x 7', 'a r x 5', 'a r x !']))
  expect(verdict).toMatchObject({ total: 1, staleReads: 1, boundReads: 2 })
  expect(verdict.examples).toEqual([
    { rule: 'read-your-writes', wanted: 7, operation: expect.objectContaining({ kind: 'read', version: 5 }) },
  ])
})

it('a write that breaks a rule is no stale read', () => {
  expect(check(historyOf(['a w x 3', 'a w x 2']))).toMatchObject({ total: 1, staleReads: 0, boundReads: 0 })
})

describe('History', () => {
  it('keeps what it was told, beyond its first size', () => {
    const history = new History()
    const session = history.open('own')
    for (let n = 0; n < 5000; n++)
      history.answered(history.begin(session, n, n % 2 === 0 ? 'read' : 'write'), n, 60_000)
    expect(history.size).toBe(5000)
    expect(history.at(4999)).toEqual({
      session,
      register: 4999,
      kind: 'write',
      version: 4999,
      outcome: 'answered',
      begin: 9999,
      end: 10_000,
      port: 60_000,
    })
    expect(history.at(0)).toMatchObject({ kind: 'read', version: 0, begin: 1, end: 2 })
  })

  it('knows what has not ended', () => {
    const history = new History()
    const operation = history.begin(history.open('own'), 1, 'write')
    expect(history.at(operation)).toMatchObject({ outcome: 'open', kind: 'write', end: 0 })
    history.failed(operation, 'unknown')
    expect(history.at(operation)).toMatchObject({ outcome: 'unknown', kind: 'write', end: 2 })
  })
})
