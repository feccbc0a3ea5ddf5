import type { Platform } from '../platform/platform.ts'
import type { SeenRead } from './session.ts'
import { SharedCall } from './shared-call.ts'
import type { ListedTransactions, Showing, Unfinished, Unshown } from './unshown.ts'

/** Time between two attempts, in milliseconds: doubles from the first to the longest. */
const FIRST_GAP_MS = 2
const LONGEST_GAP_MS = 50

/** Number of earlier lists of transactions that are kept, and the time between two of them, in milliseconds. */
const KEPT_LISTS = 8
const LIST_GAP_MS = 1

/**
 * After this many lists in a row that prove nothing, none is requested ahead of reads for this time, in milliseconds.
 */
const MOST_VAIN = 3
const NO_LIST_FOR_MS = 100

export interface PrimaryProofOptions {
  readonly platform: Platform
  /**
   * Finds transactions that the primary does not show but this server, or any server when it is gone, may have shown.
   * `undefined` when that is unknown.
   */
  readonly look: (serverIdentity: string | undefined) => Promise<Unshown | undefined>
  /** Resolves when a server has told its timeline after this time; `undefined` when it has, or cannot. */
  readonly heard: (serverIdentity: string, atMs: number) => Promise<void> | undefined
}

interface HeardList extends ListedTransactions {
  /** When its answer arrived (our clock, milliseconds). */
  readonly heardAtMs: number
}

/** Timeouts of a proof, in milliseconds. */
export interface Patience {
  /** While a transaction that the session may have seen is certainly not visible on the primary. */
  readonly certainMs: number
  /** While that is only possible. */
  readonly uncertainMs: number
}

/**
 * Proves that the primary shows what replicas have shown. A commit is in the WAL, and so visible on replicas, before it
 * is visible on the primary. This lasts for a moment, or for as long as it waits for synchronous standbys. The primary
 * lacks exactly its transactions in progress that the replica shows as committed. Once they have ended they are
 * visible.
 */
export class PrimaryProof {
  readonly #options: PrimaryProofOptions
  readonly #looks = new Map<string | undefined, SharedCall<Unshown | undefined>>()
  /** The oldest first. */
  #lists: readonly HeardList[] = []
  #vain = 0
  #listsFromMs = -Infinity

  constructor(options: PrimaryProofOptions) {
    this.#options = options
  }

  /** Whether a list of transactions, asked for right before a read, is likely to prove it. */
  get mayJudge(): boolean {
    return this.#options.platform.now() >= this.#listsFromMs
  }

  /**
   * Whether transactions in progress on the primary prove it for these reads. A transaction may have been seen by a
   * read and still be in progress. Then it is in each list between that read and this one. Lists come over several
   * connections. Only one that arrived before the request for this one was sent is certainly earlier.
   */
  judge(reads: readonly SeenRead[], list: ListedTransactions): boolean {
    const sinceMs = Math.max(...reads.map(({ atMs }) => atMs))
    const nowMs = this.#options.platform.now()
    const earlier = this.#lists.filter(
      ({ askedAtMs, heardAtMs, server }) =>
        askedAtMs >= sinceMs && heardAtMs <= list.askedAtMs && server === list.server,
    )
    const isProven =
      list.ids.length === 0 || earlier.some(({ ids }) => !list.ids.some((id) => ids.includes(id)))
    const last = this.#lists.at(-1)
    if (last === undefined || list.askedAtMs >= last.askedAtMs + LIST_GAP_MS) {
      this.#lists = [...this.#lists.slice(1 - KEPT_LISTS), { ...list, heardAtMs: nowMs }]
    }
    this.#vain = isProven ? 0 : this.#vain + 1
    if (this.#vain >= MOST_VAIN) {
      this.#vain = 0
      this.#listsFromMs = nowMs + NO_LIST_FOR_MS
    }
    return isProven
  }

  /** See `ShowingProof`. */
  heard(reads: readonly SeenRead[]): Promise<unknown> | undefined {
    const awaited = reads.flatMap(({ serverIdentity, atMs }) => {
      const heard = serverIdentity === undefined ? undefined : this.#options.heard(serverIdentity, atMs)
      return heard === undefined ? [] : [heard]
    })
    return awaited.length === 0 ? undefined : Promise.all(awaited)
  }

  /** Proves it for everything that these reads have shown. */
  async prove(reads: readonly SeenRead[], patience: Patience): Promise<Showing> {
    const last = new Map<string | undefined, number>()
    for (const { serverIdentity, atMs } of reads) {
      last.set(serverIdentity, Math.max(atMs, last.get(serverIdentity) ?? atMs))
    }
    const showings = await Promise.all(
      [...last].map(([server, atMs]) => this.#proveOf(server, atMs, patience)),
    )
    if (showings.includes('hidden')) return 'hidden'
    return showings.includes('unknown') ? 'unknown' : 'shown'
  }

  async #proveOf(server: string | undefined, atMs: number, patience: Patience): Promise<Showing> {
    const { platform } = this.#options
    const startedAtMs = platform.now()
    let missing: ReadonlySet<string> | undefined
    for (let gapMs = FIRST_GAP_MS; ; gapMs = Math.min(LONGEST_GAP_MS, 2 * gapMs)) {
      const unshown = await this.#look(server)
      if (unshown === undefined) return 'unknown'
      // A transaction that was not missing at the first attempt ended after the read.
      const left = mayHaveBeenSeen(unshown, atMs).filter(([id]) => missing?.has(id) !== false)
      if (left.length === 0) return 'shown'
      missing = new Set(left.map(([id]) => id))
      const isHidden = unshown.isCertain || left.some(([, { isCommitted }]) => isCommitted)
      const untilMs = startedAtMs + (isHidden ? patience.certainMs : patience.uncertainMs)
      if (platform.now() >= untilMs) return isHidden ? 'hidden' : 'unknown'
      await this.#pause(gapMs)
    }
  }

  async #look(server: string | undefined): Promise<Unshown | undefined> {
    let call = this.#looks.get(server)
    if (call === undefined) {
      call = new SharedCall(() => this.#options.look(server).catch(() => undefined))
      this.#looks.set(server, call)
    }
    const unshown = await call.result()
    if (call.isIdle) this.#looks.delete(server)
    return unshown
  }

  async #pause(ms: number): Promise<void> {
    const { platform } = this.#options
    const release = platform.holdOpen()
    await new Promise<void>((resolve) => platform.schedule(ms, resolve))
    release()
  }
}

/** If the replica could not be asked: all transactions whose last statement did not start after the read. */
function mayHaveBeenSeen(
  { transactions, isCertain }: Unshown,
  atMs: number,
): readonly (readonly [string, Unfinished])[] {
  const all = [...transactions]
  return isCertain ? all : all.filter(([, { sinceMs }]) => sinceMs <= atMs)
}
