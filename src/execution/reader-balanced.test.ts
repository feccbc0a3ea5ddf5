import { beforeEach, describe, expect, it } from 'vitest'
import { views } from '../../test/support/execution-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { ReaderBench } from '../../test/support/reader-bench.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Reached } from '../selection/reached.ts'
import { replicaView } from '../../test/support/views.ts'
import type { Read } from './read.ts'

const shared = replicaView('a', undefined, { isBalanced: true })
const server = replicaView('a', undefined, { weight: 7 })

let b: ReaderBench
let plan: QueryPlan
/** The servers that are reached, in order; the last one repeats. */
let servers: Reached[]
let given: Partial<Read>

beforeEach(() => {
  b = new ReaderBench()
  b.answers['a'] = 'rows'
  b.answers['b'] = 'other rows'
  b.answers['p'] = "primary's rows"
  b.cluster.awaitReplica = async (again, timeoutMs) => {
    b.log.push(`awaits for ${timeoutMs}`)
    await b.platform.advance(timeoutMs)
    return again()
  }
  plan = {
    steps: [
      { node: shared, reason: 'replica' },
      { node: views.p, reason: 'fallback' },
    ],
    rejected: [],
  }
  servers = [{ is: 'fit', server }]
  given = {}
})

async function read(): Promise<void> {
  const reached = (): Reached => (servers.length > 1 ? servers.shift() : servers[0]) ?? { is: 'unfit' }
  b.reader().read(
    b.readOf(() => plan, { reached, ...given }),
    b.done,
  )
  for (let i = 0; i < 40; i++) await settle()
  await b.platform.advance(0)
}

describe('an address of several servers', () => {
  it('serves by one that proves itself', async () => {
    const answered: unknown[] = []
    given = {
      follower: {
        isMonotonic: true,
        answered: (node, upTo) => answered.push(node, upTo),
        showing: undefined,
      },
    }
    await read()
    expect(b.outcome).toBe('rows')
    // Whom the session has read from is the server, and not the address.
    expect(answered).toEqual([server, undefined])
  })

  it('is asked again while the server is behind, with longer and longer pauses, and then the primary', async () => {
    servers = [{ is: 'behind' }]
    await read()
    expect(b.log.filter((line) => line.startsWith('awaits'))).toEqual(
      [2, 4, 8, 16, 16, 16, 16, 16, 6].map((ms) => `awaits for ${ms}`),
    )
    expect(b.outcome).toBe("primary's rows")
    expect(b.releases.every((count) => count === 1)).toBe(true)
  })

  it('serves as soon as the server has caught up', async () => {
    servers = [{ is: 'behind' }, { is: 'behind' }, { is: 'fit', server }]
    await read()
    expect(b.sent).toBe('aaa')
    expect(b.outcome).toBe('rows')
  })

  it('is not waited for where another replica is known to serve', async () => {
    const [first, last] = plan.steps
    if (first === undefined || last === undefined) throw new Error('The plan has two steps')
    plan = { steps: [first, { node: views.b, reason: 'replica' }, last], rejected: [] }
    servers = [{ is: 'behind' }]
    await read()
    expect(b.sent).toBe('ab')
    expect(b.log.some((line) => line.startsWith('awaits'))).toBe(false)
  })

  it('is left where its server is not recent enough: the connection is good for others', async () => {
    servers = [{ is: 'passed-over' }]
    await read()
    expect(b.outcome).toBe("primary's rows")
    expect(b.nodes.a.leases[0]?.releases).toEqual([undefined])
  })

  it('loses a connection that leads to a server of no use, and reads cost no retries for it', async () => {
    servers = [{ is: 'unfit' }]
    for (let i = 0; i < 30; i++) await read()
    expect(b.nodes.a.leases[0]?.releases).toMatchObject([{ code: 'SWITCHYARD_UNFIT_SERVER' }])
    expect(new Set(b.outcome.split(' and '))).toEqual(new Set(["primary's rows"]))
    // It counts as a failure of the address, so that reads do not try it for ever.
    expect(b.log).toContain('ejected a')
  })
})
