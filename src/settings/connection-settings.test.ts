import { DatabaseError, type PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import type { Send } from '../nodes/exchange.ts'
import { ConnectionSettings } from './connection-settings.ts'
import { Journal } from './journal.ts'

const REFUSAL = Object.assign(new DatabaseError('permission denied to set parameter', 1, 'error'), {
  code: '42501',
  severity: 'ERROR',
})
const WORK_MEM = Journal.empty.with('work_mem', 'SET "work_mem" TO 1')

/** A connection that answers at once, or when it is told to where it can pipeline. */
class FakeConnection {
  readonly sent: string[] = []
  refusal: Error | undefined
  readonly #due: (() => void)[] = []

  constructor(canPipeline = false) {
    if (canPipeline) Object.assign(this, { pipeline: false })
  }

  get asClient(): PoolClient {
    return this as unknown as PoolClient
  }

  query(
    query: string | { readonly text: string },
    done: (error: Error | null, result?: unknown) => void,
  ): void {
    const text = typeof query === 'string' ? query : query.text
    this.sent.push(Reflect.get(this, 'pipeline') === true ? `${text} ahead` : text)
    const isChange = text.startsWith('SET') || text.startsWith('RESET')
    const answer = (): void =>
      isChange && this.refusal ? done(this.refusal) : done(null, { rows: [['before']] })
    if (Reflect.get(this, 'pipeline') === true) this.#due.push(answer)
    else answer()
  }

  answerAll(): void {
    for (const answer of this.#due.splice(0)) answer()
  }
}

const statement: Send = (client, done) => void client.query('statement', done as never)

function run(
  settings: ConnectionSettings,
  connection: FakeConnection,
  journal: Journal,
  canPipeline = false,
): readonly unknown[] {
  const ends: unknown[] = []
  settings.under(journal, statement, canPipeline)(connection.asClient, (error) => ends.push(error))
  connection.answerAll()
  return ends
}

describe('a statement under settings', () => {
  it('is sent alone while nothing was set, and where its settings are there already', () => {
    const settings = new ConnectionSettings()
    const connection = new FakeConnection()
    run(settings, connection, Journal.empty)
    run(settings, connection, WORK_MEM)
    run(settings, connection, WORK_MEM)
    expect(connection.sent).toEqual(['statement', 'SET "work_mem" TO 1', 'statement', 'statement'])
  })

  it('that waits while the first setting is made does not run under it', () => {
    const settings = new ConnectionSettings()
    const connection = new FakeConnection()
    const waiting = settings.under(Journal.empty, statement, false)
    settings.note(connection.asClient, WORK_MEM)
    waiting(connection.asClient, () => {})
    expect(connection.sent).toEqual(['RESET "work_mem"', 'statement'])
  })

  it('is not sent when they are refused, unless it does no harm', () => {
    const settings = new ConnectionSettings()
    for (const canPipeline of [false, true]) {
      const connection = new FakeConnection(true)
      connection.refusal = REFUSAL
      const [error] = run(settings, connection, WORK_MEM, canPipeline)
      expect(error).toMatchObject({ code: 'SWITCHYARD_SETTING_REFUSED', outcome: 'not-sent', cause: REFUSAL })
      const ahead = ['SET "work_mem" TO 1 ahead', 'statement ahead']
      expect(connection.sent).toEqual(canPipeline ? ahead : ['SET "work_mem" TO 1'])
      expect(settings.journalOf(connection.asClient)).toBe(Journal.empty)
    }
  })

  it('has in front of it the question what a hook has set there itself: then never in one round trip', () => {
    const settings = new ConnectionSettings()
    const connection = new FakeConnection(true)
    settings.touchedByHook(connection.asClient)
    run(settings, connection, WORK_MEM, true)
    run(settings, connection, Journal.empty, true)
    expect(connection.sent).toEqual([
      "SELECT pg_catalog.current_setting( E'work_mem', true)",
      'SET "work_mem" TO 1',
      'statement',
      "SELECT pg_catalog.set_config( E'work_mem', E'before', false)",
      'statement',
    ])
  })

  it('may be none: then the settings are all there is to send', () => {
    const settings = new ConnectionSettings()
    const connection = new FakeConnection()
    const ends: unknown[] = []
    settings.under(WORK_MEM, undefined, false)(connection.asClient, (error) => ends.push(error))
    expect([connection.sent, ends]).toEqual([['SET "work_mem" TO 1'], [undefined]])
  })

  it('runs behind what acquire listeners do, and its settings override theirs', () => {
    const settings = new ConnectionSettings()
    const connection = new FakeConnection()
    const checkout = {
      acquire: (client: PoolClient, done: (error: Error | undefined) => void) =>
        void client.query('listener', (() => done(undefined)) as never),
      base: Journal.empty,
      journal: WORK_MEM,
    }
    settings.checkedOut(checkout, statement)(connection.asClient, () => {})
    expect(connection.sent).toEqual(['listener', 'SET "work_mem" TO 1', 'statement'])
  })
})
