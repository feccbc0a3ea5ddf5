import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { CommandIo } from '../command.ts'
import { span } from './paint.ts'
import { LiveScreen, PlainScreen, screenFor } from './screen.ts'
import type { View } from './view.ts'

const view: View = {
  elapsedMs: 2000,
  nodes: [],
  offload: 1,
  queries: 10,
  queriesPerSecond: 5,
  reads: 10,
  checks: 1,
  violations: 0,
  errors: 0,
  p50Ms: 1,
  p99Ms: 1,
}

function terminal(isTTY: boolean, env: Record<string, string> = {}): CommandIo & { text(): string } {
  const stdout = Object.assign(new PassThrough(), { isTTY, columns: 100, rows: 40 })
  const text = (): string => String(stdout.read() ?? '')
  return { stdin: new PassThrough(), stdout, stderr: new PassThrough(), env, text }
}

describe('screenFor', () => {
  it.each([
    [true, {}, LiveScreen],
    [true, { NO_COLOR: '1' }, LiveScreen],
    [true, { TERM: 'dumb' }, PlainScreen],
    [false, {}, PlainScreen],
  ] as const)('a terminal: %s, %o', (isTTY, env, screen) => {
    expect(screenFor(terminal(isTTY, env), 5)).toBeInstanceOf(screen)
  })

  it('draws one table over the other, and gives the cursor back', () => {
    const io = terminal(true, { NO_COLOR: '1' })
    const screen = screenFor(io, 5)
    screen.say('Starting …')
    screen.show(view, [])
    const first = io.text()
    const height = first.split('\u001b[1A')[1]?.match(/\n/g)?.length
    expect(first).toContain('\u001b[?25l')
    screen.show(view, [])
    expect(io.text()).toContain(`\u001b[${height}A\r`)
    screen.close([[span('Done', 'bold')]])
    expect(io.text()).toBe('\nDone\n\u001b[?25h')
  })

  it('writes lines where nothing can be drawn over', () => {
    const io = terminal(false)
    const screen = screenFor(io, 5)
    screen.say('Starting …')
    screen.tell({ atSeconds: 1, node: 'replica 1', what: 'kill -9' })
    screen.show(view, [])
    screen.close([[span('Done', 'bold')]])
    const text = io.text()
    expect(text).not.toContain('\u001b')
    expect(text.split('\n')).toEqual([
      '  Starting …',
      '     1.0 s  replica 1  kill -9',
      '     2.0 s  5 queries/s · p99 1.00 ms · errors 0 · stale 0',
      '            reads:',
      '',
      'Done',
      '',
    ])
  })
})
