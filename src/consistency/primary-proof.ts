import type { Platform } from '../platform/platform.ts'
import type { SeenRead } from './session.ts'
import { SharedQuestion } from './shared-question.ts'
import type { Showing, Unshown } from './unshown.ts'

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
  /** While it is certain that the primary does not show something. */
  readonly certainMs: number
  /** While it only may be so. */
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
    const servers = [...new Set(reads.map(({ serverIdentity }) => serverIdentity))]
    const showings = await Promise.all(servers.map((server) => this.#proveOf(server, patience)))
    if (showings.includes('hidden')) return 'hidden'
    return showings.includes('unknown') ? 'unknown' : 'shown'
  }

  async #proveOf(server: string | undefined, { certainMs, uncertainMs }: Patience): Promise<Showing> {
    const { platform } = this.#options
    const startedAtMs = platform.now()
    let missing: ReadonlySet<string> | undefined
    for (let gapMs = FIRST_GAP_MS; ; gapMs = Math.min(LONGEST_GAP_MS, 2 * gapMs)) {
      const unshown = await this.#look(server)
      if (unshown === undefined) return 'unknown'
      // What began to end later was not seen by then.
      missing = new Set([...unshown.transactions].filter((each) => missing?.has(each) !== false))
      if (missing.size === 0) return 'shown'
      const untilMs = startedAtMs + (unshown.isCertain ? certainMs : uncertainMs)
      if (platform.now() >= untilMs) return unshown.isCertain ? 'hidden' : 'unknown'
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
