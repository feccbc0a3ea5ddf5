import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { queriesOf, seenBy, shownOf, TOOLS, type Form, type Run, type Seen } from './matrix.ts'

// Each tool has to show this library's statements as those of bare pg, whichever way they take.

const { NAMES, ofObjects } = createRequire(import.meta.url)('./paths.cjs') as {
  readonly NAMES: readonly string[]
  readonly ofObjects: (name: string) => boolean
}
const FORMS: readonly Form[] = ['cjs', 'esm']
const PREPARE = `create table widened (id int); create sequence tickets;
  create function takes_a_ticket() returns int language plpgsql stable
    as $$ begin execute 'select nextval(''tickets'')'; return 1; end $$`

/** Shows no text for a stream with bare pg, whose cursor has it. Here it does. */
const HIDES_STREAMS = /opentelemetry|sentry/

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(20), PREPARE)
})

afterAll(() => cluster?.stop())

describe.each(Object.keys(TOOLS))('%s', (tool) => {
  const hasComments = tool.endsWith('with comments')
  const names = NAMES.filter((name) => !hasComments || !ofObjects(name))
  let bare: Seen

  beforeAll(async () => {
    bare = await seenBy(tool, 'cjs', 'bare', cluster)
  }, 300_000)

  describe.each(FORMS)('%s', (form) => {
    let routed: Seen

    beforeAll(async () => {
      routed = await seenBy(tool, form, 'routed', cluster)
    }, 300_000)

    /** The runs of one path over bare pg, each with that over the library. */
    const pairsOf = (path: string): readonly (readonly [Run, Run])[] => {
      const [expected, runs] = [bare, routed].map((seen) => seen.runs.filter(({ name }) => name === path))
      return (expected ?? []).map((run, i) => [run, runs?.[i] as Run] as const)
    }

    it.each(names)('%s: as with bare pg', (path) => {
      const pairs = pairsOf(path)
      expect(pairs.length).toBeGreaterThan(0)
      for (const [expected, run] of pairs) {
        const [theirs, ours] = [queriesOf(bare, expected), queriesOf(routed, run)]
        expect(theirs.length).toBeGreaterThan(0)
        if (HIDES_STREAMS.test(tool) && path.startsWith('a stream')) {
          expect(ours.map(({ isEnded, isFailed }) => [isEnded, isFailed])).toEqual(
            theirs.map(({ isEnded, isFailed }) => [isEnded, isFailed]),
          )
          expect(ours.map(({ name }) => name).join()).toMatch(/select/i)
        } else expect(shownOf(ours)).toEqual(shownOf(theirs))
        // Bare pg loses an application's own store in callbacks.
        expect([run.isActive || !expected.isActive, run.isStored]).toEqual([true, true])
      }
    })

    it.each(names)('%s: with the node', (path) => {
      const [primary, ...replicas] = [cluster.primary, ...cluster.replicas].map(({ config }) => config.port)
      const ports = { primary: [primary], replica: replicas, any: [primary, ...replicas] }
      for (const [, run] of pairsOf(path)) {
        for (const [i, { host, port }] of queriesOf(routed, run).entries()) {
          const where = typeof run.where === 'string' ? run.where : run.where[i]
          expect(host).toBe('127.0.0.1')
          expect(where === undefined ? [] : ports[where]).toContain(port)
        }
      }
    })

    it('names, probes and questions of the library are not shown', () => {
      expect(routed.isNamed).toBe(!hasComments)
      expect(JSON.stringify(routed.spans)).not.toMatch(/switchyard_[0-9a-f]{6}/)
      const requests = new Set(routed.runs.map(({ id }) => id))
      const strays = routed.spans.filter(({ isQuery, parent }) => isQuery && !requests.has(parent ?? ''))
      expect(strays).toEqual([])
    })

    it('connections are shown below the requests that open them, with their node', () => {
      const nodes = [cluster.primary, ...cluster.replicas].map(({ config }) => config.port)
      const known = new Set(routed.spans.map(({ id }) => id))
      for (const span of routed.spans.filter(({ isConnect }) => isConnect)) {
        expect([known.has(span.parent ?? ''), span.isEnded, span.isFailed, span.host]).toEqual([
          true,
          true,
          false,
          '127.0.0.1',
        ])
        expect(nodes).toContain(span.port)
      }
    })
  })
})
