import { expect, it } from 'vitest'
import { Sighting } from './sighting.ts'

type Answered = (error: Error | null | undefined, result?: unknown) => void
interface Sent {
  text?: string
  callback?: Answered
  query_timeout?: number
}

/** A client with the queue of node-postgres. A tool may wrap its `query`. */
class FakeClient {
  readonly connection = { stream: { destroy: () => {} } }
  readonly connectionParameters: { query_timeout?: number } = {}
  readonly _queryQueue: Sent[] = []
  readonly _queryable = true
  readonly _ending = false
  readonly _types = 'types of the client'
  pipeline = false
  readonly sent: Sent[] = []
  readonly seen: string[] = []

  query(query: Sent, answered: Answered): void {
    const { seen } = this
    seen.push('begun')
    query.callback = (error, result) => {
      seen.push(error ? `failed: ${error.message}` : 'ended')
      answered(error, result)
    }
    this._queryQueue.push(query)
    this._pulseQueryQueue()
    if (this.pipeline) seen.push(`queued: ${this._queryQueue.length}`)
  }

  _pulseQueryQueue(): void {
    this.sent.push(...this._queryQueue.splice(0))
  }

  answer(index: number, error: Error | null, result?: unknown): void {
    this.sent[index]?.callback?.(error, result)
  }
}

/** Sends a statement, and lists the answers of its sendings and its own. */
function statement(): {
  readonly answers: unknown[]
  send(client: FakeClient): void
  end(error: Error | undefined, result?: unknown): void
} {
  const sighting = new Sighting()
  const answers: unknown[] = []
  const note: Answered = (error, result) => void answers.push(error?.message ?? result)
  return {
    answers,
    send: (client) => sighting.send(client, {}, note),
    end: (error, result) =>
      sighting.end((failure, final) => answers.push(['final', failure?.message ?? final]), error, result),
  }
}

it('tools that send a copy with a comment see the final answer, too', () => {
  const client = new FakeClient()
  const { query } = client
  client.query = (given, answered) =>
    query.call(client, { ...given, text: `${given.text} /* trace */` }, answered)
  client._pulseQueryQueue = () => {}
  const sighting = new Sighting()
  const answers: unknown[] = []
  sighting.send(client, { text: 'select 1' }, (error, result) => void answers.push(error?.message ?? result))
  client._queryQueue[0]?.callback?.(new Error('not yet'))
  expect([client.seen, answers]).toEqual([['begun'], ['not yet']])
  sighting.end((_error, result) => void answers.push(result), undefined, 'rows')
  expect([client.seen, answers]).toEqual([
    ['begun', 'ended'],
    ['not yet', 'rows'],
  ])
})

it('no other query is taken for a copy', () => {
  const client = new FakeClient()
  client._queryQueue.push({ text: 'select 2', callback: () => client.seen.push('of the other') })
  client.query = () => {}
  const sighting = new Sighting()
  sighting.send(client, { text: 'select 1' }, () => {})
  sighting.end(() => {}, undefined, undefined)
  expect(client.seen).toEqual([])
})

it.each(['in the queue', 'in flight'])(
  'a query that a tool refuses does not take the callback of one with the same text that is %s',
  (where) => {
    const client: FakeClient & { _activeQuery?: Sent } = new FakeClient()
    const ofOther = (): void => {}
    const other: Sent = { text: 'select $1', callback: ofOther }
    if (where === 'in flight') client._activeQuery = other
    else client._queryQueue.push(other)
    client.query = () => {}
    new Sighting().send(client, { text: 'select $1' }, () => {})
    expect(other.callback).toBe(ofOther)
  },
)

it('tools see the first sending and the final answer', () => {
  const [first, second] = [new FakeClient(), new FakeClient()]
  const { answers, end, send } = statement()
  send(first)
  first.answer(0, new Error('not yet'))
  send(second)
  second.answer(0, null, 'rows')
  expect([first.seen, second.seen, answers]).toEqual([['begun'], [], ['not yet', 'rows']])
  end(undefined, 'rows')
  expect(first.seen).toEqual(['begun', 'ended'])
  expect(answers.at(-1)).toEqual(['final', 'rows'])
})

it('a first answer that comes behind the final one is not shown', () => {
  const [first, second] = [new FakeClient(), new FakeClient()]
  const { answers, end, send } = statement()
  send(first)
  send(second)
  end(new Error('failed'))
  first.answer(0, null, 'late')
  expect(first.seen).toEqual(['begun', 'failed: failed'])
  expect(answers).toEqual([['final', 'failed'], 'late'])
})

it('with a timeout of node-postgres, which calls the callback itself, tools see the first answer', () => {
  const client = new FakeClient()
  client.connectionParameters.query_timeout = 100
  const { answers, end, send } = statement()
  send(client)
  client.answer(0, null, 'rows')
  end(undefined, 'rows')
  expect([client.seen, answers]).toEqual([
    ['begun', 'ended'],
    ['rows', ['final', 'rows']],
  ])
})

it('in pipeline mode tools find the query in the queue', () => {
  const client = new FakeClient()
  client.pipeline = true
  const { send } = statement()
  send(client)
  expect([client.seen, client.sent.length]).toEqual([['begun', 'queued: 1'], 1])
})

it('a query that is sent again has what the client adds to its queries', () => {
  const [first, second] = [new FakeClient(), new FakeClient()]
  const sighting = new Sighting()
  const query: Sent & { _result: { _types?: unknown } } = { _result: {} }
  sighting.send(first, {}, () => {})
  sighting.send(second, query, () => {})
  expect(query._result._types).toBe('types of the client')
})
