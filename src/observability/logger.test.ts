import { beforeEach, describe, expect, it } from 'vitest'
import { EventStream } from './event-stream.ts'
import type { NodeStatus } from './events.ts'
import { logEvents } from './logger.ts'

let stream: EventStream
let lines: { level: string; fields: object; message: string }[]

beforeEach(() => {
  stream = new EventStream('pool')
  lines = []
  const write =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields, message })
  logEvents(stream.events, { info: write('info'), warn: write('warn') })
})

const cause = new Error('terminating connection')

describe('logEvents', () => {
  it.each<[NodeStatus, string]>([
    ['down', 'warn'],
    ['foreign-cluster', 'warn'],
    ['same-server', 'warn'],
    ['primary', 'info'],
    ['replica', 'info'],
    ['old-timeline', 'warn'],
    ['read-only', 'warn'],
    // A probe decides it in a moment.
    ['suspected', 'info'],
    ['pending', 'info'],
  ])('a node that is %s: %s', (to, level) => {
    stream.tell('nodeChanged', { node: 'a', from: 'pending', to })
    expect(lines).toEqual([{ level, fields: { node: 'a', from: 'pending', to }, message: `Node a is ${to}` }])
  })

  it('says why a node is down', () => {
    stream.tell('nodeChanged', { node: 'a', from: 'replica', to: 'down', cause })
    expect(lines[0]?.fields).toMatchObject({ cause: 'terminating connection' })
  })

  it('a refused read: never its text, into which applications write values', () => {
    stream.tell('readRefused', { node: 'a', sql: "select f('4111-1111-1111-1111')", cause })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ level: 'warn', fields: { node: 'a', cause: cause.message } })
    expect(JSON.stringify(lines)).not.toContain('4111')
  })

  it.each(['readRefused', 'nodeSick', 'hookFailed'] as const)(
    'of a statement of the application that the server failed, %s tells the code alone',
    (name) => {
      const failure = Object.assign(new Error('duplicate 4111'), { severity: 'ERROR', code: '23505' })
      stream.tell(name, { node: 'a', sql: '', cause: failure })
      expect(lines).toMatchObject([{ fields: { node: 'a', code: '23505' } }])
      expect(JSON.stringify(lines)).not.toContain('4111')
    },
  )

  it('a lost connection is nothing to be warned of', () => {
    stream.tell('connectionLost', { node: 'a', cause })
    expect(lines).toMatchObject([{ level: 'info', fields: { node: 'a', cause: cause.message } }])
  })

  it('the first primary is no news, another one is', () => {
    stream.tell('primaryChanged', { from: undefined, to: 'a' })
    stream.tell('primaryChanged', { from: 'a', to: 'b' })
    expect(lines).toEqual([
      { level: 'info', fields: { to: 'a' }, message: 'The primary is a' },
      { level: 'warn', fields: { from: 'a', to: 'b' }, message: 'The primary was a, and is b now' },
    ])
  })

  it('two primaries', () => {
    stream.tell('primaryConflict', { nodes: ['a', 'b'] })
    expect(lines).toMatchObject([{ level: 'warn', fields: { nodes: ['a', 'b'] } }])
  })

  it('a replica on an unknown branch, and what to do about it', () => {
    stream.tell('timelineUnclear', { node: 'a', timeline: undefined })
    expect(lines).toMatchObject([{ level: 'warn', fields: { node: 'a', timeline: undefined } }])
    expect(lines[0]?.message).toContain('pg_monitor')
  })

  it('the loss of reads is a warning, with their number or the duration', () => {
    stream.tell('nodeEjected', { node: 'a', forMs: 1000 })
    stream.tell('retriesSpent', { count: 3 })
    stream.tell('spillRefused', { count: 2 })
    expect(lines.map(({ level, fields }) => ({ level, fields }))).toEqual([
      { level: 'warn', fields: { node: 'a', forMs: 1000 } },
      { level: 'warn', fields: { count: 3 } },
      { level: 'warn', fields: { count: 2 } },
    ])
  })

  it('a catalog that was loaded, or could not be', () => {
    stream.tell('catalogLoaded', { functions: 3, relations: 2, durationMs: 9 })
    stream.tell('catalogFailed', { cause, retryInMs: 500, isLoaded: false })
    stream.tell('catalogFailed', { cause: new Error('no reason'), retryInMs: 500, isLoaded: true })
    expect(lines.map(({ level, fields }) => ({ level, fields }))).toEqual([
      { level: 'info', fields: { functions: 3, relations: 2, durationMs: 9 } },
      { level: 'warn', fields: { cause: cause.message, retryInMs: 500 } },
      { level: 'warn', fields: { cause: 'no reason', retryInMs: 500 } },
    ])
    expect(lines.at(-2)?.message).toContain('go to the primary')
    expect(lines.at(-1)?.message).toContain('stays in force')
  })
})
