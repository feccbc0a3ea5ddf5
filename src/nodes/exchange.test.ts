import { DatabaseError, type PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import { exchange, isAlone, type End, type Exchange, type SideQuery, type Send } from './exchange.ts'

const LOST = new Error('Connection terminated unexpectedly')
const REFUSED = new DatabaseError('syntax error', 12, 'error')
REFUSED.code = '42601'
REFUSED.severity = 'ERROR'

type Answer = Error | string

/** A connection that answers in the order of the queries, when it is told to. */
class FakeConnection {
  readonly sent: string[] = []
  /** Each change of the switch. */
  readonly switched: boolean[] = []
  readonly #due: {
    readonly text: string
    readonly callback: (error: Error | null, result?: unknown) => void
  }[] = []
  #pipeline: boolean | undefined

  constructor(pipeline: boolean | undefined) {
    this.#pipeline = pipeline
    if (pipeline === undefined) return
    Object.defineProperty(this, 'pipeline', {
      get: () => this.#pipeline,
      set: (value: boolean) => {
        this.#pipeline = value
        this.switched.push(value)
      },
    })
  }

  get asClient(): PoolClient {
    return this as unknown as PoolClient
  }

  query(
    query: string | { readonly text: string },
    callback: (error: Error | null, result?: unknown) => void,
  ): void {
    const text = typeof query === 'string' ? query : query.text
    this.sent.push(text)
    this.#due.push({ text, callback })
  }

  /** Answers the first that waits. */
  answer(answer: Answer = `${this.#due[0]?.text} done`): void {
    const { callback } = this.#due.shift() ?? {}
    if (typeof answer === 'string') callback?.(null, answer)
    else callback?.(answer)
  }

  answerAll(answers: Readonly<Record<string, Answer>> = {}): void {
    for (let next = this.#due[0]; next !== undefined; next = this.#due[0]) this.answer(answers[next.text])
  }

  lose(): void {
    for (const { callback } of this.#due.splice(0)) callback(LOST)
  }
}

const statement: Send = (client, done) => void client.query('statement', done as never)

/** Stops at an error. */
function ask(text: string, end?: End): SideQuery {
  return { ask: { text }, answered: (error) => (error ? { error } : end) }
}

interface Started {
  readonly connection: FakeConnection
  readonly ends: unknown[]
}

function start(pipeline: boolean | undefined, what: Exchange): Started {
  const connection = new FakeConnection(pipeline)
  const ends: unknown[] = []
  exchange(connection.asClient, { query: statement, ...what }, (error, result) => ends.push(error ?? result))
  return { connection, ends }
}

describe('a statement with nothing around it', () => {
  it('is sent as it is, and is the only one that may share its connection', () => {
    const { connection, ends } = start(false, { canPipeline: true })
    connection.answer()
    expect([connection.sent, connection.switched, ends]).toEqual([['statement'], [], ['statement done']])
    expect(isAlone({})).toBe(true)
    expect(isAlone({ before: [], after: [], query: statement })).toBe(true)
    expect(isAlone({ before: [ask('a')] })).toBe(false)
    expect(isAlone({ after: [ask('a')] })).toBe(false)
  })

  it('throws what its sending throws', () => {
    const query = (): never => {
      throw LOST
    }
    expect(() => start(false, { query })).toThrow(LOST)
  })
})

describe('in sequence', () => {
  it.each([
    ['where it may not be sent ahead', false, false],
    ['where node-postgres cannot', undefined, true],
  ])('each waits for the answer before it: %s', (_case, pipeline, canPipeline) => {
    const what = { before: [ask('a'), ask('b')], after: [ask('c')], canPipeline }
    const { connection, ends } = start(pipeline, what)
    for (const sent of [['a'], ['a', 'b'], ['a', 'b', 'statement'], ['a', 'b', 'statement', 'c']]) {
      expect(connection.sent).toEqual(sent)
      expect(ends).toEqual([])
      connection.answer()
    }
    expect([ends, connection.switched]).toEqual([['statement done'], []])
    expect('pipeline' in connection).toBe(pipeline !== undefined)
  })

  it('a question that says stop keeps the statement from being sent', () => {
    const { connection, ends } = start(false, {
      before: [ask('a', { result: 'stop' }), ask('b')],
      after: [ask('c')],
    })
    connection.answerAll()
    expect([connection.sent, ends]).toEqual([['a'], ['stop']])
  })

  it('a question is made when its turn comes, and left out when it has nothing to ask', () => {
    const answers: unknown[] = []
    const first: SideQuery = { ask: 'a', answered: (_error, answer) => void answers.push(answer) }
    const second: SideQuery = { ask: () => `after ${String(answers)}` }
    const { connection, ends } = start(false, { before: [first, { ask: () => undefined }, second] })
    connection.answerAll()
    expect([connection.sent, ends]).toEqual([['a', 'after a done', 'statement'], ['statement done']])
  })

  it('a question that does not listen goes on, whatever the answer', () => {
    const { connection, ends } = start(false, { before: [{ ask: 'a' }] })
    connection.answer(REFUSED)
    connection.answer()
    expect(ends).toEqual(['statement done'])
  })

  it('nothing follows a statement that has failed', () => {
    const { connection, ends } = start(false, { after: [ask('c')] })
    connection.answer(REFUSED)
    expect([connection.sent, ends]).toEqual([['statement'], [REFUSED]])
  })

  it('a query behind it may decide how it ends', () => {
    const { connection, ends } = start(false, { after: [ask('c', { error: REFUSED })] })
    connection.answerAll()
    expect(ends).toEqual([REFUSED])
  })

  it('an error thrown while sending is its error', () => {
    const query = (): never => {
      throw REFUSED
    }
    const { connection, ends } = start(false, { before: [ask('a')], query })
    connection.answer()
    expect(ends).toEqual([REFUSED])
  })

  it.each([0, 1, 2])('a connection that is lost after %i answers fails it once', (answers) => {
    const { connection, ends } = start(false, { before: [ask('a')], after: [ask('c')] })
    for (let i = 0; i < answers; i++) connection.answer()
    connection.lose()
    expect(ends).toEqual([LOST])
  })

  it('questions alone are an exchange, too', () => {
    const connection = new FakeConnection(false)
    const ends: unknown[] = []
    exchange(connection.asClient, { before: [ask('a')] }, (error, result) => ends.push(error ?? result))
    connection.answerAll()
    expect([connection.sent, ends]).toEqual([['a'], [undefined]])
  })
})

describe('in one round trip', () => {
  const around = { before: [ask('a'), ask('b')], after: [ask('c')], canPipeline: true }

  it.each([false, true])('all is sent at once, and the switch is as it was before (%s)', (pipeline) => {
    const { connection, ends } = start(pipeline, around)
    expect(connection.sent).toEqual(['a', 'b', 'statement', 'c'])
    for (let i = 0; i < 3; i++) connection.answer()
    expect([ends, connection.switched]).toEqual([[], [true]])
    connection.answer()
    expect([ends, connection.switched]).toEqual([['statement done'], [true, pipeline]])
  })

  it('all is one write to the socket, also when the sending fails', () => {
    for (const query of [
      statement,
      (): never => {
        throw LOST
      },
    ]) {
      const connection = new FakeConnection(false)
      const { sent } = connection
      const stream = { cork: () => sent.push('cork'), uncork: () => sent.push('uncork') }
      exchange(Object.assign(connection.asClient, { connection: { stream } }), { ...around, query }, () => {})
      const statements = query === statement ? ['statement'] : []
      expect(sent).toEqual(['cork', 'a', 'b', ...statements, 'c', 'uncork'])
    }
  })

  it.each<[string, Readonly<Record<string, Answer>>, unknown]>([
    ['an error of the statement', { statement: REFUSED }, REFUSED],
    ['the first error in front of it, in place of its answer', { a: REFUSED, b: LOST }, REFUSED],
    [
      'an error in front of it, in place of its own',
      { b: REFUSED, statement: new DatabaseError('b', 1, 'error') },
      REFUSED,
    ],
    ['an error behind it', { c: REFUSED }, REFUSED],
    ['an error of the connection, whatever else was said', { a: REFUSED, statement: LOST, c: LOST }, LOST],
  ])('ends with %s', (_case, answers, end) => {
    const { connection, ends } = start(false, around)
    connection.answerAll(answers)
    expect([ends, connection.switched]).toEqual([[end], [true, false]])
  })

  it('a question that says stop throws the answer away, when that has come', () => {
    const { connection, ends } = start(false, { ...around, before: [ask('a', { result: 'stop' })] })
    connection.answer()
    expect(ends).toEqual([])
    connection.answerAll()
    expect(ends).toEqual(['stop'])
  })

  it.each([0, 1, 2, 3])('a connection that is lost after %i answers ends it once', (answers) => {
    const { connection, ends } = start(false, around)
    for (let i = 0; i < answers; i++) connection.answer()
    connection.lose()
    expect([ends, connection.switched]).toEqual([[LOST], [true, false]])
  })

  it('an error thrown while sending is its error, once nothing is in flight', () => {
    const query = (): never => {
      throw LOST
    }
    const { connection, ends } = start(false, { ...around, query })
    expect(connection.switched).toEqual([true])
    connection.answerAll()
    expect([ends, connection.switched]).toEqual([[LOST], [true, false]])
  })

  it('an answer behind the statement that comes before its own tells nothing', () => {
    const heard: unknown[] = []
    let isSent = false
    const query: Send = (client, done) =>
      client.query('first', () => {
        isSent = true
        statement(client, done)
      })
    const after = [{ ask: 'c', answered: (): undefined => void heard.push(isSent) }]
    const { connection, ends } = start(false, { query, after, canPipeline: true })
    connection.answerAll()
    expect([connection.sent, heard, ends]).toEqual([['first', 'c', 'statement'], [], ['statement done']])
    expect(connection.switched).toEqual([true, false])
  })

  it('one within another leaves the switch to the outer one', () => {
    const query: Send = (client, done) =>
      exchange(client, { before: [ask('b')], query: statement, canPipeline: true }, done)
    const { connection, ends } = start(false, { before: [ask('a')], query, canPipeline: true })
    expect(connection.sent).toEqual(['a', 'b', 'statement'])
    connection.answerAll()
    expect([ends, connection.switched]).toEqual([['statement done'], [true, true, true, false]])
  })

  it('an answer at once ends it once', () => {
    const query: Send = (_client, done) => done(undefined, 'at once')
    const { connection, ends } = start(false, { ...around, query })
    expect(ends).toEqual([])
    connection.answerAll()
    expect([ends, connection.switched]).toEqual([['at once'], [true, false]])
  })
})
