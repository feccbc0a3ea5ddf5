import type { Judgement } from './judgement.ts'
import { misconfiguration } from '../observability/problems.ts'
import type { Platform } from '../platform/platform.ts'
import { Preparation } from './preparation.ts'
import type { Roster } from './roster.ts'
import type { Snapshot } from '../topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

export interface ReadinessOptions {
  readonly platform: Platform
  readonly failoverTimeoutMs: number
  readonly judgement: Judgement
  readonly roster: Roster
  readonly cluster: WatchedCluster
}

/** What has to be known before a statement can go its way: at the start, and again after a rest. */
export class Readiness {
  readonly #options: ReadinessOptions
  readonly #preparation: Preparation

  constructor(options: ReadinessOptions) {
    const { cluster, judgement, platform, roster } = options
    this.#options = options
    this.#preparation = new Preparation({
      platform,
      steps: () => [judgement.load(), roster.look().then(() => cluster.look())],
      problem: () => misconfiguration(cluster.snapshot),
    })
  }

  /** Begins to load the parser, so that nothing is loaded by a program that is about to end. `prepare` tells of failures. */
  warm(): void {
    this.#options.judgement.load().catch(() => {})
  }

  /** The database of the primary is the one that statements are judged by. */
  observe({ primary }: Snapshot): void {
    if (primary?.state.name === 'up') {
      this.#options.judgement.follow(primary.state.observation.serverIdentity)
    }
  }

  /** Nobody has used the cluster for long: nothing is asked any more until the next `prepare`. */
  rest(): void {
    const { judgement, roster } = this.#options
    roster.rest()
    void judgement.leave()
  }

  /** A statement is on its way. */
  used(): void {
    const { cluster, judgement } = this.#options
    cluster.used()
    judgement.used()
  }

  /** True when statements may go their way at once. */
  get isReady(): boolean {
    return this.#preparation.isDone && !this.#options.cluster.isResting
  }

  /**
   * Resolves when statements can be judged and the cluster has been looked at. Rejects when the parser cannot be loaded
   * or the options are wrong; a later call looks again.
   */
  async prepare(): Promise<void> {
    const { cluster, roster } = this.#options
    if (!this.#preparation.isDone) return this.#preparation.run()
    if (!cluster.isResting) return
    // The nodes of before are looked at meanwhile: a discovery that does not answer keeps nobody waiting.
    void roster.look()
    await cluster.look()
  }

  /** True when a statement may hope for a node. */
  get isServable(): boolean {
    return this.isReady && this.#options.cluster.serves
  }

  /** Resolves when a statement may hope for a node; rejects with the reason why there is none. */
  async servable(): Promise<void> {
    const { cluster } = this.#options
    if (!this.isReady) await this.prepare()
    // Looks once more if there seems to be no such node.
    if (!cluster.serves) await cluster.look()
    if (!cluster.serves) throw cluster.unavailable()
  }

  /**
   * Resolves when every node has answered or failed, and the catalog is loaded. Rejects as `prepare` does, when there is no
   * primary, and with the error of a catalog that cannot be loaded.
   */
  async ready(): Promise<void> {
    const { cluster, failoverTimeoutMs, judgement, platform } = this.#options
    await this.prepare()
    if (!(await cluster.awaitPrimary(failoverTimeoutMs))) throw cluster.unavailable()
    const release = platform.holdOpen()
    try {
      await Promise.all([judgement.loaded(), cluster.look()])
    } finally {
      release()
    }
  }
}
