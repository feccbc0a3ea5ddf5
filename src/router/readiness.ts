import type { Judgement } from './judgement.ts'
import { misconfiguration } from '../observability/problems.ts'
import { isJestWorker } from '../platform/jest-worker.ts'
import type { Platform } from '../platform/platform.ts'
import type { SleepWatch } from '../platform/sleep-watch.ts'
import { Preparation } from './preparation.ts'
import type { Roster } from './roster.ts'
import type { Snapshot } from '../topology/snapshot.ts'
import type { WatchedCluster } from './watched-cluster.ts'

export interface ReadinessOptions {
  readonly platform: Platform
  readonly failoverTimeoutMs: number
  readonly judgement: Judgement
  readonly parser: {
    /** Starts to load it in the background. */
    warm(): void
    /** Whether it is not loaded, and the first statement need not wait for it. */
    mayComeLater(): boolean
  }
  readonly roster: Roster
  readonly cluster: WatchedCluster
  readonly sleep: SleepWatch
  /** Called for each statement, and before the nodes are looked at. */
  readonly wake: () => void
}

/** Prepares the router before the first statement, and again after a rest. */
export class Readiness {
  readonly #options: ReadinessOptions
  readonly #preparation: Preparation
  #looking: Promise<void> | undefined
  #hasEnded = false

  constructor(options: ReadinessOptions) {
    const { cluster, judgement, platform } = options
    this.#options = options
    this.#preparation = new Preparation({
      platform,
      steps: () => [judgement.load(), this.#look()],
      problem: () => misconfiguration(cluster.snapshot),
    })
  }

  /** Whether a statement may run before the parser is loaded. */
  get mayRunUnparsed(): boolean {
    return this.#options.parser.mayComeLater()
  }

  /**
   * Loads the parser soon, so that the first statement need not wait for it. A statement that comes at once goes
   * first: see `looked`. `prepare` reports failures.
   */
  warm(): void {
    const { judgement, parser } = this.#options
    if (isJestWorker()) parser.warm()
    this.#soon(() => (this.#looking === undefined ? judgement.load() : undefined))
  }

  /** Switches the catalog to the primary's database. */
  observe({ primary }: Snapshot): void {
    if (primary?.state.name === 'up') {
      this.#options.judgement.follow(primary.state.observation)
    }
  }

  /** Stops all queries for an unused cluster until the next `prepare`. */
  rest(): void {
    const { judgement, roster, sleep } = this.#options
    sleep.stop()
    roster.rest()
    void judgement.leave()
  }

  /** Notes that a statement runs. */
  used(): void {
    const { cluster, judgement } = this.#options
    cluster.used()
    judgement.used()
  }

  /** True when statements can be routed at once: not after a sleep, when everything has to be looked at first. */
  get isReady(): boolean {
    const { sleep, wake } = this.#options
    sleep.note()
    wake()
    return this.#preparation.isDone && !this.#options.cluster.isResting
  }

  /**
   * Resolves when statements can be classified and the cluster has been probed. Rejects when the parser cannot be
   * loaded or the options are wrong; a later call tries again.
   */
  async prepare(): Promise<void> {
    const { cluster, roster, sleep } = this.#options
    sleep.start()
    if (!this.#preparation.isDone) return this.#prepareFirst()
    if (!cluster.isResting) return
    // The known nodes are probed meanwhile, so statements do not wait for a discovery that does not answer.
    void roster.look()
    await cluster.look()
  }

  /**
   * Looks at the nodes before the first statement, without the parser, whose loading would delay the answer. Call
   * `answered` to load it afterwards. Resolves to false where `prepare` has to decide: when the options are wrong,
   * or there is no primary.
   */
  async looked(): Promise<boolean> {
    const { cluster, sleep } = this.#options
    sleep.start()
    await this.#look()
    return cluster.snapshot.primary !== undefined && misconfiguration(cluster.snapshot) === undefined
  }

  /** Loads the parser once the caller of the first statement has its answer. The process does not wait for it. */
  answered(): void {
    const { judgement } = this.#options
    this.#soon(() => judgement.load().then(() => (this.#hasEnded ? undefined : this.prepare())))
  }

  /** Ends the work in the background. */
  end(): void {
    this.#hasEnded = true
    this.#options.sleep.stop()
  }

  /**
   * Calls a function after the current turn of the event loop, unless the pool has ended by then. Its failures are
   * reported elsewhere.
   */
  #soon(fn: () => Promise<void> | undefined): void {
    this.#options.platform.schedule(0, () => {
      if (!this.#hasEnded) fn()?.catch(() => {})
    })
  }

  #look(): Promise<void> {
    const { cluster, roster } = this.#options
    this.#looking ??= roster
      .look()
      .then(() => cluster.look())
      .catch((error: unknown) => {
        this.#looking = undefined
        throw error
      })
    return this.#looking
  }

  async #prepareFirst(): Promise<void> {
    try {
      await this.#preparation.run()
    } finally {
      // A later call looks again.
      this.#looking = undefined
    }
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
    if (!cluster.serves) await cluster.refresh()
    if (!cluster.serves) throw cluster.unavailable()
  }

  /**
   * Resolves when every node has answered or failed, and the catalog is loaded. Rejects as `prepare` does, when there
   * is no primary, and with the error of a catalog that cannot be loaded.
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
