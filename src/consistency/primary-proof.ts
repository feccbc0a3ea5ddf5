import type { Platform } from '../platform/platform.ts'
import type { SeenRead } from './session.ts'
import { SharedQuestion } from './shared-question.ts'
import type { Showing, Unfinished, Unshown } from './unshown.ts'

/** Time between two looks, in milliseconds: doubles from the first to the longest. */
const FIRST_GAP_MS = 2
const LONGEST_GAP_MS = 50

export interface PrimaryProofOptions {
  readonly platform: Platform
  /**
   * Looks for what the primary does not show and this server may have shown, or any server when it is gone. `undefined` when
   * nobody can tell.
   */
  readonly look: (serverIdentity: string | undefined) => Promise<Unshown | undefined>
}

/** How long to wait for a proof, in milliseconds. */
export interface Patience {
  /** While the primary certainly hides something that the session may have seen. */
  readonly certainMs: number
  /** While it only may hide something. */
  readonly uncertainMs: number
}

/**
 * Proves that the primary shows what replicas have shown. A commit is in the log, and so on replicas, before the primary
 * shows it: for a moment, or for as long as it waits for synchronous standbys. But what is in progress on the primary, and
 * committed on the replica, is exactly what is missing; and what has once ended on the primary is shown there for good.
 */
export class PrimaryProof {
  readonly #options: PrimaryProofOptions
  readonly #looks = new Map<string | undefined, SharedQuestion<Unshown | undefined>>()

  constructor(options: PrimaryProofOptions) {
    this.#options = options
  }

  /** Of everything that these reads have shown. */
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
      // What began to end later was not seen by then.
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
    let question = this.#looks.get(server)
    if (question === undefined) {
      question = new SharedQuestion(() => this.#options.look(server).catch(() => undefined))
      this.#looks.set(server, question)
    }
    const unshown = await question.answer()
    if (question.isIdle) this.#looks.delete(server)
    return unshown
  }

  async #pause(ms: number): Promise<void> {
    const { platform } = this.#options
    const release = platform.holdOpen()
    await new Promise<void>((resolve) => platform.schedule(ms, resolve))
    release()
  }
}

/** Without the replica's word: what did not begin to commit after the read. */
function mayHaveBeenSeen(
  { transactions, isCertain }: Unshown,
  atMs: number,
): readonly (readonly [string, Unfinished])[] {
  const all = [...transactions]
  return isCertain ? all : all.filter(([, { sinceMs }]) => sinceMs <= atMs)
}
