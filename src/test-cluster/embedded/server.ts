import type { ChildProcess } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { SwitchyardError } from '../../errors/error.ts'
import type { Address, NodeConfig, Server, StopMode } from '../server.ts'
import { until } from '../wait.ts'
import { ownEnvironment } from './environment.ts'
import { freePort } from './ports.ts'
import { haveEnded, processTree, signalAll } from './processes.ts'
import type { Programs } from './programs.ts'
import { lastLines } from './server-log.ts'
import type { ServerUser } from './server-user.ts'

const PORT_ATTEMPTS = 5
/** Minimum timeout when waiting for killed processes, in milliseconds. */
const LEAST_KILL_MS = 10_000

export interface EmbeddedServerOptions {
  readonly name: string
  readonly programs: Programs
  /** Directory of the whole cluster. */
  readonly directory: string
  readonly user: ServerUser | undefined
  readonly login: Omit<NodeConfig, 'port'>
  readonly timeoutMs: number
}

/** A `postgres` child process with its own data directory. */
export class EmbeddedServer implements Server {
  readonly name: string
  readonly dataDirectory: string
  readonly #options: EmbeddedServerOptions
  readonly #logFile: string
  #port: number
  /** True once the first start has chosen the port. */
  #settled = false
  #postmaster: ChildProcess | undefined
  #frozen: readonly number[] = []

  private constructor(options: EmbeddedServerOptions, port: number) {
    this.name = options.name
    this.dataDirectory = join(options.directory, options.name)
    this.#options = options
    this.#logFile = join(options.directory, `${options.name}.log`)
    this.#port = port
  }

  static async create(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
    return new EmbeddedServer(options, await freePort())
  }

  get config(): NodeConfig {
    return { ...this.#options.login, port: this.#port }
  }

  get address(): Address {
    return this.config
  }

  get pid(): number | undefined {
    return this.#postmaster?.pid
  }

  get frozen(): boolean {
    return this.#frozen.length > 0
  }

  async start(): Promise<void> {
    for (let attempt = 1; this.#postmaster === undefined; attempt += 1) {
      const failure = await this.#tryStart()
      if (failure === undefined) break
      if (this.#settled || attempt === PORT_ATTEMPTS || !failure.includes('Address already in use')) {
        throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `${this.name} did not start:\n${failure}`)
      }
      this.#port = await freePort()
    }
    this.#settled = true
  }

  async stop(mode: StopMode): Promise<void> {
    const postmaster = this.#postmaster
    if (postmaster?.pid === undefined) return
    await this.thaw()
    signalAll([postmaster.pid], mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await this.#untilEnded(postmaster)
  }

  async kill(): Promise<void> {
    const postmaster = this.#postmaster
    if (postmaster?.pid === undefined) return
    // Killed processes end soon, so a short `timeoutMs` of the cluster must not leave them behind.
    const timeoutMs = Math.max(this.#options.timeoutMs, LEAST_KILL_MS)
    // A stopped postmaster starts no further children while they are listed.
    signalAll([postmaster.pid], 'SIGSTOP')
    const all = await processTree(postmaster.pid)
    signalAll(all, 'SIGKILL')
    await this.#untilEnded(postmaster, timeoutMs)
    await until(
      `the processes of ${this.name} to end`,
      timeoutMs,
      async () => (await haveEnded(all)) || undefined,
    )
    await this.#removeRemains()
  }

  async freeze(): Promise<void> {
    const pid = this.pid
    if (pid === undefined) return
    signalAll([pid], 'SIGSTOP')
    this.#frozen = await processTree(pid)
    signalAll(this.#frozen, 'SIGSTOP')
  }

  async thaw(): Promise<void> {
    signalAll(this.#frozen, 'SIGCONT')
    this.#frozen = []
  }

  log(): Promise<string> {
    return lastLines(this.#logFile)
  }

  /** Starts the server. Returns undefined when it is ready, else the last lines of its log. */
  async #tryStart(): Promise<string | undefined> {
    const { programs, user, directory, timeoutMs } = this.#options
    // A standby uses it to log in to its primary.
    const env = { ...ownEnvironment(), PGPASSWORD: this.#options.login.password }
    const log = await open(this.#logFile, 'a')
    const { size } = await log.stat()
    const postmaster = spawn(
      programs.postgres,
      ['-D', this.dataDirectory, '-p', String(this.#port), '-c', `cluster_name=${this.name}`],
      // Its own log file and session make it independent of this process.
      { cwd: directory, detached: true, env, stdio: ['ignore', log.fd, log.fd], ...user },
    )
    let spawnError: Error | undefined
    const forget = (error?: unknown): void => {
      if (error instanceof Error) spawnError = error
      if (this.#postmaster !== postmaster) return
      this.#postmaster = undefined
      this.#frozen = []
    }
    postmaster.once('exit', () => forget()).once('error', forget)
    postmaster.unref()
    this.#postmaster = postmaster
    // After the listeners: a server that refuses its settings may end while the file is closed.
    await log.close()
    try {
      const outcome = await until('connections to be accepted', timeoutMs, async () => {
        if (this.#postmaster !== postmaster) return 'ended'
        return (await this.#isReady(postmaster.pid)) ? 'ready' : undefined
      })
      if (outcome === 'ready') return undefined
    } catch (error) {
      await this.kill()
      spawnError = error as Error
    }
    return [spawnError?.message ?? [], await lastLines(this.#logFile, size)].flat().join('\n')
  }

  /** Whether the status line in the postmaster's pid file says that it is ready. */
  async #isReady(pid: number | undefined): Promise<boolean> {
    const lines = await this.#pidFile()
    return Number(lines[0]) === pid && /^(?:ready|standby)/.test(lines[7] ?? '')
  }

  async #pidFile(): Promise<readonly string[]> {
    const text = await readFile(join(this.dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '')
    return text.split('\n')
  }

  async #untilEnded(postmaster: ChildProcess, timeoutMs: number = this.#options.timeoutMs): Promise<void> {
    await until(`${this.name} to end`, timeoutMs, () => this.#postmaster !== postmaster || undefined)
  }

  /**
   * Removes the remains after SIGKILL: a pid file, whose number may soon belong to another process, and a shared memory
   * segment.
   */
  async #removeRemains(): Promise<void> {
    const segment = /^\s*\d+\s+(\d+)$/.exec((await this.#pidFile())[6] ?? '')?.[1]
    // Without `ipcrm` the segment stays until the server starts again.
    if (segment !== undefined) await promisify(execFile)('ipcrm', ['-m', segment]).catch(() => undefined)
    await rm(join(this.dataDirectory, 'postmaster.pid'), { force: true })
  }
}
