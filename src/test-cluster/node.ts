import { replayState } from './replication.ts'
import type { NodeConfig, Server, StopMode } from './server.ts'
import { queryOnce } from './sql.ts'
import { until } from './wait.ts'

/** What a node needs of the cluster that it belongs to. */
export interface NodeContext {
  readonly timeoutMs: number
  /** Called before each start: brings in the data of a node that has lost touch with its primary. */
  prepareStart(node: ClusterNode): Promise<void>
}

/** One server of a cluster, primary or replica, with the levers to hurt it. */
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

  /** Ready for `new pg.Client(…)` and `new pg.Pool(…)`; stays the same through stops, starts and promotions. */
  get config(): NodeConfig {
    return this.#server.config
  }

  /** Process id of the postmaster; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#server.pid
  }

  get running(): boolean {
    return this.#server.pid !== undefined
  }

  /** Between `freeze` and the next `thaw`, `stop` or `kill`. */
  get frozen(): boolean {
    return this.#server.frozen
  }

  /** Stops replaying WAL while going on to receive it. Resolves when nothing more is replayed. Lost by a restart. */
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

  /** Resolves when the server has ended; at once when it did not run. @defaultValue mode 'fast' */
  stop(mode: StopMode = 'fast'): Promise<void> {
    return this.#server.stop(mode)
  }

  /**
   * Resolves when connections are accepted; at once when it runs already. A node that was down during a promotion is
   * copied anew from the primary first, and follows it.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  /** `kill -9` for the postmaster and all its children. Resolves when they are gone. */
  kill(): Promise<void> {
    return this.#server.kill()
  }

  /** Stops every process of the server with SIGSTOP: it looks alive to the kernel and answers nothing. */
  freeze(): Promise<void> {
    return this.#server.freeze()
  }

  thaw(): Promise<void> {
    return this.#server.thaw()
  }

  /** The last lines of the server's log. */
  log(): Promise<string> {
    return this.#server.log()
  }

  async #start(): Promise<void> {
    if (this.running) return
    await this.#context.prepareStart(this)
    await this.#server.start()
  }
}
