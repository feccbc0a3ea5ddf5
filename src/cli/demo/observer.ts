import type { Pool } from '../../pool/pool.ts'
import type { Chronicle } from './chronicle.ts'
import type { Clock } from './clock.ts'
import { formatDuration, formatShare } from './format.ts'
import type { Tally } from './tally.ts'
import { viewOf, type NodeView, type Sample, type Standing, type View } from './view.ts'

export interface ObserverOptions {
  readonly pool: Pick<Pool, 'stats' | 'explain' | 'withSession'>
  /** Names of the nodes, in the order of the pool. */
  readonly names: readonly string[]
  readonly tally: Tally
  readonly clock: Clock
  readonly chronicle: Chronicle
}

/** Time over which rates are computed. */
const RATE_MS = 1500
/** A replica that returns has its share again when it answers this part of an equal share of the reads. */
const ENOUGH_OF_A_SHARE = 0.75
/** The share after a return is measured over this time at least. */
const SHORTEST_MEASUREMENT_MS = 500
/** A replica with less lag is out of the rotation for another reason. */
const NOTICEABLE_MS = 500

/** Observes the pool through its public methods, keeps the latest view, and reports changes of the replicas. */
export class Observer {
  readonly #options: ObserverOptions
  readonly #samples: Sample[] = []
  readonly #waiting = new Set<() => void>()
  /** Views at the return of replicas that do not have their share yet, by the name of the replica. */
  readonly #returns = new Map<string, View>()
  #startedAtMs: number
  #view: View | undefined
  #ended = false

  constructor(options: ObserverOptions) {
    this.#options = options
    this.#startedAtMs = options.clock.now()
  }

  /** Time since the start of the load, in milliseconds. */
  get elapsedMs(): number {
    return this.#options.clock.now() - this.#startedAtMs
  }

  begin(): void {
    this.#startedAtMs = this.#options.clock.now()
  }

  /** Takes one sample and updates the view. */
  async look(): Promise<View> {
    const { pool, tally, clock, names } = this.#options
    // In a session of its own, without writes, so that a lagging replica may serve it.
    const { plan } = await pool.withSession(() => pool.explain('SELECT 1'))
    const sample = {
      atMs: clock.now(),
      stats: pool.stats(),
      plan,
      queries: tally.queries,
      reads: tally.reads,
    }
    this.#samples.push(sample)
    while ((this.#samples[1]?.atMs ?? Infinity) <= sample.atMs - RATE_MS) this.#samples.shift()
    const view = viewOf(sample, this.#samples[0] ?? sample, this.elapsedMs, names, tally)
    this.#tellChanges(this.#view, view)
    this.#view = view
    for (const check of this.#waiting) check()
    return view
  }

  /** Resolves all waiting `until` calls. */
  end(): void {
    this.#ended = true
    for (const check of this.#waiting) check()
  }

  /** Resolves when `holds` is true for the node, or after `end`. */
  async until(name: string, holds: (node: NodeView) => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        const node = this.#view?.nodes.find((candidate) => candidate.name === name)
        if (!this.#ended && (node === undefined || !holds(node))) return
        this.#waiting.delete(check)
        resolve()
      }
      this.#waiting.add(check)
      check()
    })
  }

  #tellChanges(before: View | undefined, now: View): void {
    for (const [index, node] of now.nodes.entries()) {
      const previous = before?.nodes[index]
      if (previous === undefined || previous.standing === node.standing) continue
      const what = changeOf(node, previous.standing)
      if (what !== undefined) this.#options.chronicle.tell(node.name, what)
      if (node.standing === 'in rotation') this.#returns.set(node.name, now)
      else this.#returns.delete(node.name)
    }
    this.#tellShares(now)
  }

  #tellShares(now: View): void {
    const equalShare = 1 / now.nodes.filter(({ standing }) => standing === 'in rotation').length
    for (const [name, then] of this.#returns) {
      const durationMs = now.elapsedMs - then.elapsedMs
      const share = (readsOf(name, now) - readsOf(name, then)) / (now.reads - then.reads)
      if (durationMs < SHORTEST_MEASUREMENT_MS || !(share >= ENOUGH_OF_A_SHARE * equalShare)) continue
      this.#returns.delete(name)
      const first = formatDuration(durationMs)
      const what = `back at its share: ${formatShare(share, 0)} of the reads in the first ${first}`
      this.#options.chronicle.tell(name, what)
    }
  }
}

function readsOf(name: string, { nodes, reads }: View): number {
  return (nodes.find((node) => node.name === name)?.totalShare ?? 0) * reads
}

function changeOf({ standing, lagMs }: NodeView, before: Standing): string | undefined {
  switch (standing) {
    case 'primary':
      return 'takes writes now'
    case 'in rotation':
      return 'back in the rotation'
    case 'lagging':
    case 'too-far-behind':
      return lagMs === undefined || lagMs < NOTICEABLE_MS
        ? 'out of the rotation, nothing proves that it is fresh'
        : `out of the rotation, ${formatDuration(lagMs)} behind`
    case 'down':
      return before === 'primary' ? 'down; no node takes writes' : 'down; its reads go elsewhere'
    case 'lag-unknown':
      return 'up again, lag not known yet'
    case 'ejected':
      return 'failed repeatedly, gets no reads for a while'
    case 'old-timeline':
      return 'an old primary, gets no writes'
    case 'pending':
    case 'suspected':
    case 'behind-session':
    case 'drained':
    case 'other-tags':
    case 'recovering':
    case 'read-only':
    case 'foreign-cluster':
    case 'same-server':
      return undefined
    default:
      throw new Error(`Unexpected standing: ${String(standing satisfies never)}`)
  }
}
