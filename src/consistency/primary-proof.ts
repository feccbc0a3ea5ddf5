import type { Platform } from '../platform/platform.ts'
import type { SeenRead } from './session.ts'
import { SharedCall } from './shared-call.ts'
import type { Showing, Unfinished, Unshown } from './unshown.ts'

/** Time between two attempts, in milliseconds: doubles from the first to the longest. */
const FIRST_GAP_MS = 2
const LONGEST_GAP_MS = 50

export interface PrimaryProofOptions {
  readonly platform: Platform
  /**
   * Finds transactions that the primary does not show but this server, or any server when it is gone, may have shown.
   * `undefined` when that is unknown.
   */
  readonly look: (serverIdentity: string | undefined) => Promise<Unshown | undefined>
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
 * is visible on the primary: for a moment, or for as long as it waits for synchronous standbys. Missing are exactly the
 * transactions in progress on the primary that the replica shows as committed. Once they have ended they are visible.
 */
export class PrimaryProof {
  readonly #options: PrimaryProofOptions
  readonly #looks = new Map<string | undefined, SharedCall<Unshown | undefined>>()

  constructor(options: PrimaryProofOptions) {
    this.#options = options
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
