import { replayState } from './replication.ts'
import type { NodeConfig, Server, StopMode } from './server.ts'
import { queryOnce } from './sql.ts'
import { until } from './wait.ts'

/** The part of the cluster that a node needs. */
export interface NodeContext {
  readonly timeoutMs: number
  /** Called before each start. Copies the data of a node that has diverged from the primary. */
  prepareStart(node: ClusterNode): Promise<void>
}

/**
 * One server of a cluster, primary or replica, with methods to inject failures.
 *
 * @example
 * const replica: ClusterNode | undefined = cluster.replicas[0]
 * await replica?.pauseReplay()
 */
export class ClusterNode {
  readonly #server: Server
  readonly #context: NodeContext
  #starting: Promise<void> | undefined

  constructor(server: Server, context: NodeContext) {
    this.#server = server
    this.#context = context
  }

  /** `node1`, `node2`, …: stays the same through promotions. Standbys use it as their `application_name`. */
  get name(): string {
    return this.#server.name
  }

  /** Options for `new pg.Client(…)` and `new pg.Pool(…)`; they stay the same through stops, starts and promotions. */
  get config(): NodeConfig {
    return this.#server.config
  }

  /** Process id of the postmaster; undefined while it is not running. */
  get pid(): number | undefined {
    return this.#server.pid
  }

  get running(): boolean {
    return this.#server.pid !== undefined
  }

  /** True between `freeze` and the next `thaw`, `stop` or `kill`. */
  get frozen(): boolean {
    return this.#server.frozen
  }

  /** Pauses the replay of WAL; receiving continues. Resolves when the replay has paused. A restart resumes it. */
  async pauseReplay(): Promise<void> {
    await queryOnce(this.config, 'SELECT pg_wal_replay_pause()')
    await until(
      `${this.name} to pause its replay`,
      this.#context.timeoutMs,
      async () => (await replayState(this.config)) === 'paused' || undefined,
    )
  }

  async resumeReplay(): Promise<void> {
    await queryOnce(this.config, 'SELECT pg_wal_replay_resume()')
  }

  /** Stops the server. Resolves when it has ended; at once when it was not running. @defaultValue mode 'fast' */
  stop(mode: StopMode = 'fast'): Promise<void> {
    return this.#server.stop(mode)
  }

  /**
   * Starts the server. Resolves when it accepts connections; at once when it is running. A node that was down during a
   * promotion is first copied from the primary, and follows it.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  /** Kills the postmaster and all its children with SIGKILL. Resolves when they have ended. */
  kill(): Promise<void> {
    return this.#server.kill()
  }

  /**
   * Stops every process of the server with SIGSTOP: the kernel still accepts connections, but the server does not
   * answer.
   */
  freeze(): Promise<void> {
    return this.#server.freeze()
  }

  thaw(): Promise<void> {
    return this.#server.thaw()
  }

  /** Returns the last lines of the server's log. */
  log(): Promise<string> {
    return this.#server.log()
  }

  async #start(): Promise<void> {
    if (this.running) return
    await this.#context.prepareStart(this)
    await this.#server.start()
  }
}
