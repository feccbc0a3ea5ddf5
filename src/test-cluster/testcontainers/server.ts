import { SwitchyardError } from '../../errors/error.ts'
import type { Address, NodeConfig, Server, StopMode } from '../server.ts'

/** Runs a script of `sh` in a container as the user `postgres`. Returns its output; throws when it fails. */
export type Shell = (script: string) => Promise<string>

export interface ContainerServerOptions {
  readonly name: string
  readonly shell: Shell
  /** As seen from this process. */
  readonly config: NodeConfig
  /** As seen from the other containers. */
  readonly address: Address
  readonly timeoutMs: number
}

/** The data directory inside a container. The image's default is a volume, which cannot be removed. */
export const DATA_DIRECTORY = '/tmp/pg-switchyard/data'
const LOG_FILE = '/tmp/pg-switchyard/log'

/**
 * A server in a container whose main process idles, so that the container and its published port survive stops and
 * kills. The pid is that of the last start: a server that ends by itself is not noticed.
 */
export class ContainerServer implements Server {
  readonly name: string
  readonly config: NodeConfig
  readonly address: Address
  readonly #shell: Shell
  readonly #timeoutSeconds: number
  #pid: number | undefined
  #frozen = false

  constructor(options: ContainerServerOptions) {
    this.name = options.name
    this.config = options.config
    this.address = options.address
    this.#shell = options.shell
    this.#timeoutSeconds = Math.ceil(options.timeoutMs / 1000)
  }

  get pid(): number | undefined {
    return this.#pid
  }

  get frozen(): boolean {
    return this.#frozen
  }

  /** Runs a script in the server's container. */
  run(script: string): Promise<string> {
    return this.#shell(script)
  }

  async start(): Promise<void> {
    if (this.#pid !== undefined) return
    const options = `-w -t ${this.#timeoutSeconds} -l ${LOG_FILE} -o '-c cluster_name=${this.name}'`
    try {
      await this.#shell(`pg_ctl -D ${DATA_DIRECTORY} ${options} start`)
    } catch (error) {
      const reason = `${this.name} did not start:\n${await this.log()}`
      throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', reason, { cause: error })
    }
    this.#pid = Number.parseInt(await this.#shell(`head -n 1 ${DATA_DIRECTORY}/postmaster.pid`), 10)
  }

  async stop(mode: StopMode): Promise<void> {
    if (this.#pid === undefined) return
    await this.thaw()
    await this.#shell(`pg_ctl -D ${DATA_DIRECTORY} -w -t ${this.#timeoutSeconds} -m ${mode} stop`)
    this.#pid = undefined
  }

  async kill(): Promise<void> {
    if (this.#pid === undefined) return
    await this.#signalAll('KILL')
    // The killed postmaster stays a zombie, which would count as running.
    await this.#shell(`rm -f ${DATA_DIRECTORY}/postmaster.pid`)
    this.#frozen = false
    this.#pid = undefined
  }

  async freeze(): Promise<void> {
    if (this.#pid === undefined) return
    await this.#signalAll('STOP')
    this.#frozen = true
  }

  async thaw(): Promise<void> {
    if (!this.#frozen) return
    await this.#signalAll('CONT')
    this.#frozen = false
  }

  log(): Promise<string> {
    return this.#shell(`tail -n 15 ${LOG_FILE} 2>/dev/null || true`)
  }

  /** Signals all processes of the user `postgres` in the container, which are only those of the server. */
  async #signalAll(signal: 'KILL' | 'STOP' | 'CONT'): Promise<void> {
    // Fails when there is no process to signal.
    await this.#shell(`kill -${signal} -1 2>/dev/null || true`)
  }
}
