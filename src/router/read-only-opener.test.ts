import { beforeEach, describe, expect, it } from 'vitest'
import type { PoolClient } from 'pg'
import { settle } from '../../test/support/fake-platform.ts'
import { replicaView } from '../../test/support/views.ts'
import { createSession, type MutableSession } from '../consistency/session.ts'
import type { Contest, ReplicaLease } from '../execution/conversation.ts'
import type { Executor } from '../execution/executor.ts'
import type { Read } from '../execution/read.ts'
import { ReadOnlyOpener } from './read-only-opener.ts'
import type { Route } from '../routing/route.ts'
import type { SessionKeeper } from './session-keeper.ts'
import { classify } from '../statement/classify.ts'

const contest: Contest = { isFinal: () => {}, claim: () => {} }
const TO_REPLICA: Route = { role: 'replica', reason: 'read', freshness: {} }

/** A connection to a replica that answers as it is told. */
class FakeConnection {
  readonly log: string[]
  isolation: string | Error = 'read committed'

  constructor(log: string[]) {
    this.log = log
  }

  query(
    { text }: { readonly text: string },
    answered: (error: Error | null, result?: unknown) => void,
  ): void {
    this.log.push(text)
    if (this.isolation instanceof Error) answered(this.isolation)
    else answered(null, { rows: [[this.isolation]] })
  }

  release(error?: Error): void {
    this.log.push(error ? 'closed' : 'given back')
  }
}

let log: string[]
let connection: FakeConnection
let knowsDatabase: boolean
let route: Route
let awaited: Promise<void> | undefined
let opener: ReadOnlyOpener
let goesDown: (cause: Error) => void

beforeEach(() => {
  log = []
  connection = new FakeConnection(log)
  knowsDatabase = true
  route = TO_REPLICA
  awaited = undefined
  const begins = (read: Read): void => {
    log.push('begins on a replica')
    const client = connection as unknown as PoolClient
    const watch: ReplicaLease['watch'] = (giveUp) => {
      goesDown = giveUp
      return () => {}
    }
    const lease: ReplicaLease = { client, node: replicaView('r'), watch, contest }
    read.conversation?.held?.(lease, 'begun')
  }
  opener = new ReadOnlyOpener({
    sessions: { awaited: () => awaited, follower: () => undefined } as unknown as SessionKeeper,
    route: (statement, _session: MutableSession) => {
      log.push(`routes a ${statement.kind}, hint ${String(statement.hint)}`)
      return route
    },
    work: () => ({
      canShare: true,
      plan: () => ({ steps: [], rejected: [] }),
      candidates: () => ({ plan: () => ({ steps: [], rejected: [] }) }),
      executor: { read: begins } as unknown as Executor,
    }),
    knowsDatabase: () => knowsDatabase,
  })
})

async function open(sql: string): Promise<readonly string[]> {
  log.length = 0
  opener.open({
    statement: await classify(sql),
    session: createSession(),
    request: {},
    send: () => {},
    opened: (_lease, result) => void log.push(`opened: ${String(result)}`),
    onPrimary: () => void log.push('on the primary'),
    failed: (error) => void log.push(`failed: ${error.message}`),
  })
  await settle()
  return log
}

const asReplica = ['routes a read, hint undefined', 'begins on a replica']
const NAMED = 'begin isolation level repeatable read read only'

describe('a transaction that begins as READ ONLY', () => {
  it('goes where a read goes, by its own hint', async () => {
    expect(await open(NAMED)).toEqual([...asReplica, 'opened: begun'])
    expect((await open(`/* route: replica */ ${NAMED}`))[0]).toBe('routes a read, hint replica')
  })

  it('is on the primary when a read would be', async () => {
    route = { role: 'primary', reason: 'session-wrote' }
    expect(await open(NAMED)).toEqual(['routes a read, hint undefined', 'on the primary'])
  })

  it('is on the primary while reads cannot be told from others', async () => {
    knowsDatabase = false
    expect(await open(NAMED)).toEqual(['on the primary'])
  })

  it('waits for its session before it is routed', async () => {
    let settled = (): void => {}
    awaited = new Promise((resolve) => (settled = resolve))
    expect(await open(NAMED)).toEqual([])
    settled()
    await settle()
    expect(log).toEqual([...asReplica, 'opened: begun'])
  })

  it('fails when its session does', async () => {
    awaited = Promise.reject(new Error('no floor'))
    expect(await open(NAMED)).toEqual(['failed: no floor'])
  })
})

describe('where no isolation level is named', () => {
  const show = 'show transaction_isolation'

  it('the connection is asked for its default, once', async () => {
    expect(await open('begin read only')).toEqual([...asReplica, show, 'opened: begun'])
    expect(await open('begin read only')).toEqual([...asReplica, 'opened: begun'])
    connection = new FakeConnection(log)
    expect(await open('begin read only')).toContain(show)
  })

  it('a serializable default leads to the primary, for all that follow, with nothing left open', async () => {
    connection.isolation = 'serializable'
    expect(await open('begin read only')).toEqual([
      ...asReplica,
      show,
      'rollback',
      'given back',
      'on the primary',
    ])
    expect(await open('begin read only')).toEqual(['on the primary'])
    expect(await open(NAMED)).toEqual([...asReplica, 'opened: begun'])
  })

  it('a replica that goes down while it is asked is left for the primary', async () => {
    connection.query = ({ text }) => void log.push(text)
    expect(await open('begin read only')).toEqual([...asReplica, show])
    goesDown(new Error('r is down'))
    goesDown(new Error('r is down'))
    expect(log).toEqual([...asReplica, show, 'closed', 'on the primary'])
  })

  it('a connection that ends right behind its answer is left for the primary', async () => {
    Object.assign(connection, { _queryable: false })
    expect(await open(NAMED)).toEqual([...asReplica, 'closed', 'on the primary'])
  })

  it('a connection that cannot say is closed, and the primary has it', async () => {
    connection.isolation = new Error('gone')
    expect(await open('begin read only')).toEqual([...asReplica, show, 'closed', 'on the primary'])
  })
})
