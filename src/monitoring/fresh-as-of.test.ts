import fc from 'fast-check'
import { expect, it } from 'vitest'
import { primaryRow, replicaRow } from '../../test/support/fake-servers.ts'
import { MonitorBench } from '../../test/support/monitor-bench.ts'

const IDS = ['a', 'b', 'c'] as const
type Id = (typeof IDS)[number]

/** A commit that was acknowledged, with the end of its record. */
interface Commit {
  readonly atMs: number
  readonly timeline: number
  readonly position: number
}

interface Server {
  role: 'primary' | 'replica'
  timeline: number
  /** On a replica, what it has replayed. On a primary, what it has flushed. */
  position: number
  starts: number
}

type Step =
  | { readonly does: 'commit' | 'commit during a probe' | 'flush' | 'follow' }
  | { readonly does: 'advance'; readonly ms: number }
  | { readonly does: 'replay' | 'restart'; readonly id: Id; readonly share: number }
  | { readonly does: 'promote' | 'look' | 'hold up' | 'silence' | 'speak up'; readonly id: Id }

/** A model of three servers, watched by a monitor. */
class Model {
  readonly bench: MonitorBench
  readonly #servers: Record<Id, Server>
  #commits: readonly Commit[] = []
  #primary: Id = 'a'
  /** End of the primary's log, flushed or not. */
  #end = 0x1000

  /** @param isUnflushed Whether commits are acknowledged before they are flushed. */
  constructor(isUnflushed: boolean) {
    this.bench = new MonitorBench(IDS)
    this.isUnflushed = isUnflushed
    this.bench.monitor.questions.mayBeUnflushed = isUnflushed
    const server = (role: Server['role']): Server => ({ role, timeline: 1, position: 0x1000, starts: 0 })
    this.#servers = { a: server('primary'), b: server('replica'), c: server('replica') }
    this.#publish()
  }

  readonly isUnflushed: boolean

  async run(step: Step): Promise<void> {
    const { bench } = this
    switch (step.does) {
      case 'commit':
        this.#commit()
        break
      case 'commit during a probe':
        await this.#commitDuringProbe()
        break
      case 'flush':
        this.#servers[this.#primary].position = this.#end
        break
      case 'replay':
        this.#replay(this.#servers[step.id], step.share)
        break
      case 'restart':
        this.#restart(step.id, step.share)
        break
      case 'promote':
        if (this.#servers[step.id].role === 'replica') await this.#promote(step.id)
        break
      case 'hold up':
      case 'silence':
        bench.network.at(step.id).querying = step.does === 'silence' ? 'is silent' : 'is held up'
        void bench.monitor.lookAt(step.id)
        break
      case 'look':
        void bench.monitor.lookAt(step.id)
        break
      case 'speak up':
        this.#publish()
        bench.network.at(step.id).speakUp()
        break
      case 'follow':
        bench.monitor.follow()
        break
      case 'advance':
        break
      default:
        throw new Error(`Unexpected step: ${JSON.stringify(step satisfies never)}`)
    }
    this.#publish()
    await bench.platform.advance(step.does === 'advance' ? step.ms : 1)
  }

  /** Commits that a replica does not show, although the monitor claims it. */
  get overclaimed(): readonly {
    readonly id: string
    readonly freshAsOfMs: number
    readonly commit: Commit
  }[] {
    return this.bench.monitor.snapshot.nodes.flatMap(({ id, lag }) => {
      if (id === this.#primary) return []
      const { position, timeline } = this.#servers[id as Id]
      const freshAsOfMs = lag?.freshAsOfMs ?? -Infinity
      return this.#commits
        .filter((commit) => commit.atMs < freshAsOfMs)
        .filter((commit) => commit.timeline > timeline || commit.position > position)
        .map((commit) => ({ id, freshAsOfMs, commit }))
    })
  }

  #commit(): void {
    const primary = this.#servers[this.#primary]
    this.#end += 0x100
    if (!this.isUnflushed) primary.position = this.#end
    const { timeline } = primary
    this.#commits = [...this.#commits, { atMs: this.bench.platform.now(), timeline, position: this.#end }]
  }

  /** The primary reads its position before the commit, and the answer comes after it. */
  async #commitDuringProbe(): Promise<void> {
    const { monitor, network, platform } = this.bench
    network.at(this.#primary).querying = 'is held up'
    void monitor.lookAt(this.#primary)
    await platform.advance(1)
    this.#commit()
    await platform.advance(1)
    network.at(this.#primary).speakUp()
  }

  #replay(server: Server, share: number): void {
    const { position, timeline } = this.#servers[this.#primary]
    // One that is beyond the switch of the timeline has to be rewound first.
    if (server.role === 'replica' && server.timeline === timeline) {
      server.position += Math.floor(Math.max(0, position - server.position) * share)
    }
  }

  /** A server that crashes may come back behind what it had shown. An old primary comes back as a replica. */
  #restart(id: Id, share: number): void {
    if (id === this.#primary) return
    const server = this.#servers[id]
    const { timeline } = this.#servers[this.#primary]
    const survives = Math.max(
      0x1000,
      ...this.#commits.filter((each) => each.timeline < timeline).map(({ position }) => position),
    )
    const end = server.timeline === timeline ? server.position : Math.min(server.position, survives)
    server.position = 0x1000 + Math.floor((end - 0x1000) * share)
    server.timeline = timeline
    server.role = 'replica'
    server.starts += 1
    this.#publish()
    for (const client of this.bench.network.at(id).clients) client.breakOff()
  }

  /**
   * Promotes a replica. Commits that it has not replayed are lost. The old primary stays up, on the old timeline. The
   * monitor sees the new one at once: it cannot know of commits on a primary that it has not seen.
   */
  async #promote(id: Id): Promise<void> {
    const server = this.#servers[id]
    const old = this.#servers[this.#primary]
    if (server.timeline !== old.timeline) return
    server.role = 'primary'
    server.timeline += 1
    this.#primary = id
    this.#end = server.position
    this.#commits = this.#commits.filter(({ position }) => position <= server.position)
    for (const each of Object.values(this.#servers)) {
      // It follows at once, and may name the new timeline before it has replayed its beginning.
      const follows = each.role === 'replica' && each.position <= server.position
      if (follows && each.timeline === old.timeline) each.timeline = server.timeline
    }
    this.#publish()
    this.bench.network.at(id).speakUp()
    await this.bench.monitor.lookAt(id)
  }

  #publish(): void {
    for (const id of IDS) {
      const { position, role, starts, timeline } = this.#servers[id]
      const lsn = `0/${position.toString(16)}`
      const server = this.bench.network.at(id)
      const name = `${id}${starts}`
      const digits = timeline.toString(16).padStart(8, '0')
      server.row =
        role === 'primary'
          ? primaryRow(lsn, name, '7000', digits)
          : replicaRow(lsn, name, '7000', String(timeline))
      server.inserted = `0/${(id === this.#primary ? this.#end : position).toString(16)}`
    }
  }
}

const id = fc.constantFrom(...IDS)
const share = fc.constantFrom(0, 0.5, 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ does: fc.constantFrom('commit', 'commit during a probe', 'flush', 'follow') }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('advance'), ms: fc.constantFrom(5, 50, 600) }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constantFrom('look', 'hold up', 'speak up'), id }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('replay'), id, share }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('restart'), id, share }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom('promote', 'promote', 'promote', 'silence'), id }),
  },
)

/** Programs that chance does not find each time. */
const EXAMPLES: readonly (readonly Step[])[] = [
  // A replica on the old timeline, further than the new primary.
  [
    { does: 'commit' },
    { does: 'commit' },
    { does: 'replay', id: 'c', share: 1 },
    { does: 'promote', id: 'b' },
    { does: 'commit' },
    { does: 'look', id: 'b' },
    { does: 'look', id: 'c' },
  ],
  // A replica that crashes after it was proven fresh.
  [
    { does: 'commit' },
    { does: 'replay', id: 'b', share: 1 },
    { does: 'look', id: 'a' },
    { does: 'look', id: 'b' },
    { does: 'restart', id: 'b', share: 0 },
  ],
  // An old primary that is still asked.
  [{ does: 'promote', id: 'c' }, { does: 'commit' }, { does: 'look', id: 'a' }],
]

it('no replica is called fresher than it is, whatever restarts, lags or is promoted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.boolean(),
      async (steps, isUnflushed) => {
        const model = new Model(isUnflushed)
        await model.bench.monitor.settled()
        for (const each of steps) {
          await model.run(each)
          expect(model.overclaimed).toEqual([])
        }
        for (const each of IDS) model.bench.network.at(each).speakUp()
        await model.bench.monitor.close()
      },
    ),
    { numRuns: 800, examples: EXAMPLES.map((steps) => [[...steps], false]) },
  )
})
