import { beforeEach, describe, expect, it } from 'vitest'
import type { PoolClient } from 'pg'
import { settle } from '../../test/support/fake-platform.ts'
import { replicaView } from '../../test/support/views.ts'
import { createSession } from '../consistency/session.ts'
import type { Contest, ReplicaLease } from '../execution/conversation.ts'
import type { Done } from '../execution/execution.ts'
import type { Executor } from '../execution/executor.ts'
import type { Read } from '../execution/read.ts'
import { Query } from '../nodes/query.ts'
import { ReadOnlyOpener } from './read-only-opener.ts'
import type { Route } from '../routing/route.ts'
import { Journal } from '../settings/journal.ts'
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
let isHooked: boolean
let journal: Journal | undefined
let opener: ReadOnlyOpener
let executor: Executor
let goesDown: (cause: Error) => void

beforeEach(() => {
  log = []
  connection = new FakeConnection(log)
  knowsDatabase = true
  isHooked = false
  journal = undefined
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
  executor = { reader: { read: begins } } as unknown as Executor
  opener = new ReadOnlyOpener({
    sessions: { follower: () => undefined },
    knowsDatabase: () => knowsDatabase,
  })
})

async function open(sql: string): Promise<readonly string[]> {
  log.length = 0
  const statement = await classify(sql)
  if (!opener.mayOpen(statement)) return ['belongs on the primary']
  const query = Query.sentOtherwise(sql)
  const plan = { steps: [], rejected: [] }
  const session = createSession()
  opener.open(
    {
      runs: 'opening',
      query,
      session,
      journal,
      overlay: undefined,
      statement,
      route: TO_REPLICA,
      plan,
      executor,
    },
    {
      send: () => {},
      isHooked,
      opened: (_lease, result, isolation) => void log.push(`opened: ${String(result)}, ${isolation}`),
      onPrimary: () => void log.push('on the primary'),
      failed: (error) => void log.push(`failed: ${error.message}`),
    },
  )
  await settle()
  return log
}

const asReplica = ['begins on a replica']
const NAMED = 'begin isolation level repeatable read read only'

describe('a transaction that begins as READ ONLY', () => {
  it('is opened over a connection that a read of its session would get', async () => {
    expect(await open(NAMED)).toEqual([...asReplica, 'opened: begun, repeatable read'])
  })

  it('belongs on the primary while reads cannot be told from others', async () => {
    knowsDatabase = false
    expect(await open(NAMED)).toEqual(['belongs on the primary'])
  })

  it('fails when its connection does', async () => {
    const read = (_read: Read, done: Done): void => done(new Error('no node'))
    executor = { reader: { read } } as unknown as Executor
    expect(await open(NAMED)).toEqual(['failed: no node'])
  })
})

describe('where no isolation level is named', () => {
  const show = 'show transaction_isolation'

  it('the connection is queried for its default, once', async () => {
    expect(await open('begin read only')).toEqual([...asReplica, show, 'opened: begun, read committed'])
    expect(await open('begin read only')).toEqual([...asReplica, 'opened: begun, read committed'])
    connection = new FakeConnection(log)
    expect(await open('begin read only')).toContain(show)
  })

  it.each(['a listener has run', 'a setting of the client decides'])('%s: it is asked again', async (why) => {
    isHooked = why === 'a listener has run'
    if (!isHooked)
      journal = Journal.empty.with('default_transaction_isolation', "SET x TO E'repeatable read'")
    connection.isolation = 'repeatable read'
    for (let i = 0; i < 2; i++) {
      expect(await open('begin read only')).toEqual([...asReplica, show, 'opened: begun, repeatable read'])
    }
    isHooked = false
    journal = undefined
    connection.isolation = 'read committed'
    expect(await open('begin read only')).toEqual([...asReplica, show, 'opened: begun, read committed'])
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
    expect(await open('begin read only')).toEqual(['belongs on the primary'])
    expect(await open(NAMED)).toEqual([...asReplica, 'opened: begun, repeatable read'])
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
