import { randomBytes } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { SwitchyardError } from '../../errors/error.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Backend, NodeConfig, Server } from '../server.ts'
import { settingsFile } from '../settings.ts'
import { createDatabase } from '../sql.ts'
import { cloneAsStandbys, initialize } from './data-directory.ts'
import { until } from '../wait.ts'
import { fastestDirectory } from './directory.ts'
import type { Programs } from './programs.ts'
import { findPrograms } from './programs.ts'
import { EmbeddedServer } from './server.ts'
import type { ServerUser } from './server-user.ts'
import { serverUser } from './server-user.ts'
import { Watchdog } from './watchdog.ts'

/** Runs servers as processes of this machine, in a private directory that a watchdog removes in the end. */
export class EmbeddedBackend implements Backend {
  readonly #options: ResolvedOptions
  readonly #user: ServerUser | undefined
  readonly #programs: Programs
  readonly #watchdog: Watchdog
  readonly #login: Omit<NodeConfig, 'port'>
  readonly #servers = new Map<string, EmbeddedServer>()

  private constructor(
    options: ResolvedOptions,
    watchdog: Watchdog,
    programs: Programs,
    user: ServerUser | undefined,
  ) {
    this.#options = options
    this.#watchdog = watchdog
    this.#programs = programs
    this.#user = user
    const password = randomBytes(12).toString('hex')
    this.#login = { host: '127.0.0.1', user: 'postgres', password, database: options.database }
  }

  static async open(options: ResolvedOptions): Promise<EmbeddedBackend> {
    if (process.platform === 'win32') {
      throw new SwitchyardError(
        'SWITCHYARD_TEST_CLUSTER',
        'an embedded cluster needs Linux or macOS; on Windows use WSL or the testcontainers backend',
      )
    }
    const user = await serverUser()
    const watchdog = await Watchdog.start(resolve(options.directory ?? (await fastestDirectory())), user)
    try {
      const programs = await findPrograms(options.binDir, watchdog.directory, user)
      return new EmbeddedBackend(options, watchdog, programs, user)
    } catch (error) {
      await watchdog.close()
      throw error
    }
  }

  async createPrimary(name: string): Promise<Server> {
    const server = await this.#create(name)
    await initialize(this.#programs, server.dataDirectory, this.#login, this.#user)
    const conf = settingsFile(this.#options, '127.0.0.1')
    await appendFile(join(server.dataDirectory, 'postgresql.conf'), conf)
    await server.start()
    await createDatabase(server.config)
    return server
  }

  createStandby(name: string): Promise<Server> {
    return this.#create(name)
  }

  async copy(source: Server, targets: readonly Server[]): Promise<void> {
    await cloneAsStandbys(
      this.#programs,
      this.#own(source),
      targets.map((target) => this.#own(target)),
      this.#user,
    )
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.thaw()))
    await this.#watchdog.close()
    await until('every server to end', this.#options.timeoutMs, () => {
      return [...this.#servers.values()].every((server) => server.pid === undefined) || undefined
    })
  }

  async #create(name: string): Promise<EmbeddedServer> {
    const server = await EmbeddedServer.create({
      name,
      programs: this.#programs,
      directory: this.#watchdog.directory,
      user: this.#user,
      login: this.#login,
      timeoutMs: this.#options.timeoutMs,
    })
    this.#servers.set(name, server)
    return server
  }

  #own(server: Server): EmbeddedServer {
    const own = this.#servers.get(server.name)
    if (own === undefined)
      throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `${server.name} is not of this cluster`)
    return own
  }
}
