import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { run } from '../register/run.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'

// With OpenTelemetry's own instrumentation of pg and pg-pool, which Sentry carries too.

interface Span {
  readonly name: string
  readonly text?: string
  readonly port?: number
  readonly host?: string
  readonly parent?: string
  readonly isEnded: boolean
  readonly isFailed: boolean
}

interface Run {
  readonly name: string
  readonly id: string
  readonly expected: readonly string[]
  readonly isOpen: boolean
  readonly isSeen: boolean
}

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(20))
})

afterAll(() => cluster?.stop())

describe.each([false, true])('with comments in the SQL: %s', (comments) => {
  let runs: readonly Run[]
  let spans: readonly Span[]

  beforeAll(async () => {
    const nodes = [cluster.primary, ...cluster.replicas].map(({ config }) => config)
    const program = ['test/tools/tracing-program.mjs']
    const ended = await run(process.cwd(), program, { TRACED: JSON.stringify({ nodes, comments }) })
    if (ended.code !== 0) throw new Error(ended.stderr)
    ;({ runs, spans } = JSON.parse(ended.stdout) as { runs: readonly Run[]; spans: readonly Span[] })
  })

  const queriesOf = ({ id }: Run): readonly Span[] =>
    spans.filter(({ name, parent }) => parent === id && name.startsWith('pg.query'))

  it('each statement has one span below its request, with a name that can be read', () => {
    const names = (each: Run): readonly string[] => queriesOf(each).map(({ name }) => name)
    const expected = ({ expected: words }: Run): readonly string[] =>
      words.map((word) => `pg.query:${word} postgres`)
    // What a replica refuses is asked once more where it is certain, which is another span.
    const counted = runs.filter(({ name }) => name !== 'an error')
    expect(counted.map((each) => [each.name, names(each)])).toEqual(
      counted.map((each) => [each.name, expected(each)]),
    )
    const failed = runs.filter(({ name }) => name === 'an error').flatMap(names)
    expect(new Set(failed)).toEqual(new Set(['pg.query:SELECT postgres']))
  })

  it('each span ends, those of errors as failed', () => {
    for (const each of runs) {
      for (const { isEnded, isFailed } of queriesOf(each)) {
        expect([each.name, isEnded, isFailed]).toEqual([each.name, !each.isOpen, each.name === 'an error'])
      }
    }
  })

  it('each span names the node that answered', () => {
    const ports = new Map(runs.map((each) => [each.name, queriesOf(each).map(({ port }) => port)]))
    const primary = cluster.primary.config.port
    const replicas = cluster.replicas.map(({ config }) => config.port)
    expect(spans.filter(({ name, host }) => name.startsWith('pg.') && host !== '127.0.0.1')).toEqual([])
    expect(replicas).toContain(ports.get('pool.query, a promise')?.[0])
    expect(new Set(ports.get('many at once'))).toEqual(new Set(replicas))
    expect(ports.get('a write')).toEqual([primary])
    expect(ports.get('a client with settings')?.[0]).toBe(primary)
    expect(replicas).toContain(ports.get('a client with settings')?.[1])
    expect(new Set(ports.get('a read-only transaction')).size).toBe(1)
    expect(replicas).toContain(ports.get('a read-only transaction')?.[0])
    expect(ports.get('a transaction')).toEqual([primary, primary, primary, primary])
  })

  it('nothing else is shown: no question of the library, no probe', () => {
    const requests = new Set(runs.map(({ id }) => id))
    const queries = spans.filter(({ name }) => name.startsWith('pg.query'))
    expect(queries.filter(({ parent }) => parent === undefined || !requests.has(parent))).toEqual([])
  })

  it('callbacks and promises are in the context of their caller', () => {
    expect(runs.filter(({ isSeen }) => !isSeen)).toEqual([])
  })
})
