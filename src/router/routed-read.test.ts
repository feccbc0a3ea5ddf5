import { beforeEach, describe, expect, test } from 'vitest'
import type { PoolClient } from 'pg'
import { FakeLease } from '../../test/support/fake-nodes.ts'
import { replicaView } from '../../test/support/views.ts'
import { normalizeQuery } from '../client/query-arguments.ts'
import { createSession } from '../consistency/session.ts'
import type { Decision, RunOptions } from '../execution/decision.ts'
import type { Done } from '../execution/execution.ts'
import type { Executor } from '../execution/executor.ts'
import type { Route } from '../routing/route.ts'
import { Journal } from '../settings/journal.ts'
import { SettingKeeper } from '../settings/setting-keeper.ts'
import { classify } from '../statement/classify.ts'
import type { Statement } from '../statement/statement.ts'
import { RoutedRead } from './routed-read.ts'

const settings = new SettingKeeper()
const position = { systemIdentifier: '7000', timeline: 1, lsn: 0x1000n }
const route: Route = { role: 'replica', reason: 'read', freshness: {} }
let read: Statement

beforeEach(async () => void (read = await classify('select $1::int')))

interface Given extends RunOptions {
  readonly query?: unknown
  readonly journal?: Journal
  readonly statement?: Partial<Statement>
  readonly canShare?: boolean
  readonly route?: Route
}

function decisionOf({ canShare = true, journal, query = 'select 1', statement, ...given }: Given): Decision {
  const executor = { canShare, plan: () => ({ steps: [], rejected: [] }) } as unknown as Executor
  return {
    runs: 'read',
    query: normalizeQuery(query, undefined),
    session: createSession(),
    journal,
    overlay: undefined,
    statement: { ...read, ...statement },
    route: given.route ?? route,
    plan: { steps: [], rejected: [] },
    executor,
  }
}

function routed(given: Given = {}): RoutedRead {
  return new RoutedRead(decisionOf(given), given, settings, undefined, { repair: () => {} }, () => {})
}

const acquire = (_client: PoolClient, done: (error: Error | undefined) => void): void => done(undefined)
const send = (_client: PoolClient, done: Done): void => done(undefined, 'sent otherwise')
const set = Journal.empty.with('work_mem', "set work_mem = '1MB'")

describe('a read may share a connection', () => {
  test.each<readonly [what: string, given: Given, isShareable: boolean]>([
    ['a text', {}, true],
    ['a text with values', { query: { text: 'select $1', values: [1] } }, true],
    ['several statements', { statement: { multiple: true } }, false],
    ['EXPLAIN', { statement: { reason: 'explain' } }, false],
    ['what is no read', { statement: { kind: 'write' } }, false],
    ['a query with a name of its own', { query: { text: 'select 1', name: 'q' } }, false],
    ['a query for some rows at a time', { query: { text: 'select 1', rows: 10 } }, false],
    ['a tier with a timeout', { canShare: false }, false],
    ['acquire listeners', { acquire }, false],
    ['a sender of its own', { send }, false],
  ])('%s: %j', (_what, given, isShareable) => {
    expect(routed(given).shareable !== undefined).toBe(isShareable)
  })

  test('unless its session has made settings', () => {
    expect(routed({ journal: Journal.empty }).shareable).toBeDefined()
    expect(routed({ journal: set }).shareable).toBeUndefined()
  })

  test('as one and the same object, however often it is requested', () => {
    const one = routed()
    expect(one.shareable).toBe(one.shareable)
  })
})

test.each<readonly [what: string, given: Given, canPipeline: boolean]>([
  ['a text', {}, true],
  ['a query for some rows at a time', { query: { text: 'select 1', rows: 10 } }, false],
  ['acquire listeners', { acquire }, false],
  ['a sender of its own', { send }, false],
])('another query may be sent in front of %s: %j', (_what, given, canPipeline) => {
  expect(routed(given).canPipeline).toBe(canPipeline)
})

test.each<readonly [what: string, route: Route, asked: typeof position | undefined]>([
  ['the position that it needs', { role: 'replica', reason: 'read', freshness: { position } }, position],
  ['no position where it needs none', route, undefined],
  ['no position on the primary', { role: 'primary', reason: 'strong' }, undefined],
  [
    'no position where it follows another read',
    { role: 'replica', reason: 'read', freshness: { position, after: [{ serverIdentity: 'b', atMs: 1 }] } },
    undefined,
  ],
])('a replica is requested for %s', (_what, to, asked) => {
  expect(routed({ route: to }).position).toEqual(asked)
})

test('its query sends it, or the sender that it was given', () => {
  const answers: unknown[] = []
  const client = new FakeLease('a').asClient
  routed({ send }).send(client, (_error, result) => answers.push(result))
  routed().send(client, (error) => answers.push(error))
  expect(answers[0]).toBe('sent otherwise')
})

test('a refusal of a standby is repaired with all arguments of its run', () => {
  const repaired: unknown[] = []
  const decision = decisionOf({})
  const done: Done = () => {}
  const options = { acquire }
  const repairer = { repair: (...args: readonly unknown[]) => void repaired.push(...args) }
  const cause = new Error('refused')
  new RoutedRead(decision, options, settings, undefined, repairer, done).refused(replicaView('a'), cause)
  expect(repaired.slice(1)).toEqual([cause, decision, options, done])
})
