import type { Duplex } from 'node:stream'
import type { PoolConfig } from 'pg'
import { describe, expect, it } from 'vitest'
import { isSameWay } from '../nodes/server-node.ts'
import type { StreamTarget } from '../nodes/node-stream.ts'
import { nodesFrom, nodesOf } from './nodes.ts'

const seen: StreamTarget[] = []
const perNode = ((node: StreamTarget): undefined => void seen.push(node)) as unknown as () => Duplex
const toOneServer = (): undefined => undefined

const ids = (base: PoolConfig, replicas: unknown, name?: unknown): readonly string[] =>
  nodesOf(base, replicas, { name }).map(({ id }) => id)

describe('nodes that are reached by a stream', () => {
  it.each<readonly [what: string, base: PoolConfig, replicas: unknown, ids: readonly string[]]>([
    [
      'have an identity without a host',
      { stream: toOneServer },
      [{ stream: toOneServer }],
      ['stream', 'stream#2'],
    ],
    ['are told by their names', { stream: perNode }, [{ name: 'a' }, { name: 'b' }], ['stream', 'a', 'b']],
    ['may have a host as well', { host: 'h', stream: toOneServer }, [{ host: 'r' }], ['h:5432', 'r:5432']],
    ['are named if they have a host, too', { host: 'h' }, [{ host: 'r', name: 'a' }], ['h:5432', 'a']],
  ])('%s', (_what, base, replicas, expected) => {
    expect(ids(base, replicas)).toEqual(expected)
  })

  it('the pool’s own node can have a name', () => {
    expect(ids({ stream: toOneServer }, [{ stream: toOneServer }], 'main')).toEqual(['main', 'stream'])
  })

  it('each stream is made for its node', () => {
    seen.length = 0
    const base: PoolConfig = { host: 'h', port: 1, stream: perNode }
    const nodes = nodesOf(base, [{ name: 'a' }, { host: 'r', port: 2 }, 'postgres://s'])
    for (const { options } of nodes) (options.stream as () => void)()
    expect(seen).toEqual([
      { name: 'h:1', host: 'h', port: 1 },
      { name: 'a', host: undefined, port: undefined },
      { name: 'r:2', host: 'r', port: 2 },
      { name: 's:5432', host: 's', port: undefined },
    ])
  })

  it('a list of the same nodes leads to the same connections', () => {
    const [first, second] = [1, 2].map(() => nodesFrom({ stream: perNode }, [{ name: 'a' }, { name: 'b' }]))
    const same = first?.map((node, index) => second?.[index] !== undefined && isSameWay(node, second[index]))
    expect(same).toEqual([true, true])
  })

  it.each<readonly [base: PoolConfig, replicas: unknown, message: string]>([
    [
      { host: 'h' },
      [{ name: 'a' }],
      'Option "replicas[0]" must contain the replica\'s address: "host", "port" or',
    ],
    [{ stream: toOneServer }, [{ name: 'a' }], 'must be a function of the node (stream(node))'],
    [{ stream: perNode }, [{}], 'Option "replicas[0]" must contain the replica\'s address'],
    [
      { host: 'h' },
      [{ host: 'r', name: '' }],
      'Option "replicas[0].name" must be a name without white space; received ""',
    ],
    [
      { host: 'h' },
      [{ host: 'r', name: 7 }],
      'Option "replicas[0].name" must be a name without white space; received 7',
    ],
    [
      { host: 'h' },
      [
        { host: 'r', name: 'a' },
        { host: 's', name: 'a' },
      ],
      'Option "replicas[1].name" must be unique; received "a" again',
    ],
    [
      { stream: {} as never },
      ['postgres://r'],
      'Option "stream" must be a function that returns a new stream',
    ],
    [{}, [{ stream: 1 }], 'Option "replicas[0].stream" must be a function that returns a new stream'],
  ])('%j and %j are refused', (base, replicas, message) => {
    expect(() => nodesOf(base, replicas)).toThrow(message)
    expect(() => nodesOf(base, replicas)).toThrow(
      expect.objectContaining({ code: 'SWITCHYARD_INVALID_OPTION' }),
    )
  })
})
