import { randomBytes } from 'node:crypto'
import { SwitchyardError } from '../../errors/error.ts'
import { requireLazily } from '../../platform/require.ts'
import type { ResolvedOptions } from '../options.ts'
import { connectionInfo } from '../replication.ts'
import type { Backend, NodeConfig, Server } from '../server.ts'
import { settingsFile } from '../settings.ts'
import { createDatabase } from '../sql.ts'
import type { StartedContainer, StartedNetwork, Testcontainers } from './library.ts'
import type { Shell } from './server.ts'
import { ContainerServer, DATA_DIRECTORY } from './server.ts'

const SERVER_PORT = 5432
const USER = 'postgres'

/**
 * Runs servers in Docker containers on their own network. Testcontainers' reaper removes containers that are left over.
 */
export class ContainerBackend implements Backend {
  readonly #library: Testcontainers
  readonly #network: StartedNetwork
  readonly #options: ResolvedOptions
  readonly #password: string = randomBytes(12).toString('hex')
  readonly #containers: StartedContainer[] = []
  readonly #servers = new Map<string, ContainerServer>()

  private constructor(library: Testcontainers, network: StartedNetwork, options: ResolvedOptions) {
    this.#library = library
    this.#network = network
    this.#options = options
  }

  static async open(options: ResolvedOptions): Promise<ContainerBackend> {
    const library = installedLibrary()
    await library.getContainerRuntimeClient().catch((error: unknown) => {
      throw failure('the testcontainers backend needs Docker: no Docker engine answers', error)
    })
    return new ContainerBackend(library, await new library.Network().start(), options)
  }

  async createPrimary(name: string): Promise<Server> {
    const server = await this.#create(name)
    const conf = settingsFile(this.#options, '*')
    await server.run(
      [
        'set -e',
        `mkdir -p ${DATA_DIRECTORY}`,
        `printf %s ${this.#password} > /tmp/password`,
        `initdb --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync \\`,
        `  --username=${USER} --pwfile=/tmp/password --pgdata=${DATA_DIRECTORY}`,
        'rm /tmp/password',
        `printf 'host all all all scram-sha-256\\nhost replication all all scram-sha-256\\n' >> ` +
          `${DATA_DIRECTORY}/pg_hba.conf`,
        `cat >> ${DATA_DIRECTORY}/postgresql.conf <<'END_OF_SETTINGS'\n${conf}END_OF_SETTINGS`,
      ].join('\n'),
    )
    await server.start()
    await createDatabase(server.config)
    return server
  }

  createStandby(name: string): Promise<Server> {
    return this.#create(name)
  }

  async copy(source: Server, targets: readonly Server[]): Promise<void> {
    const { host, port } = source.address
    const copies = targets.map((target) =>
      this.#own(target).run(
        [
          'set -e',
          `rm -rf ${DATA_DIRECTORY}`,
          `mkdir -p -m 700 ${DATA_DIRECTORY}`,
          `pg_basebackup -h ${host} -p ${port} -U ${USER} \\`,
          `  -D ${DATA_DIRECTORY} -X stream -c fast --no-sync`,
          `touch ${DATA_DIRECTORY}/standby.signal`,
          `cat >> ${DATA_DIRECTORY}/postgresql.auto.conf <<'END_OF_SETTINGS'`,
          `primary_conninfo = '${connectionInfo(target, source)}'`,
          'END_OF_SETTINGS',
        ].join('\n'),
      ),
    )
    await Promise.all(copies)
  }

  async close(): Promise<void> {
    await Promise.all(this.#containers.map((container) => container.stop({ timeout: 0 })))
    await this.#network.stop()
  }

  async #create(name: string): Promise<ContainerServer> {
    const container = await new this.#library.GenericContainer(this.#options.image)
      .withNetwork(this.#network)
      .withNetworkAliases(name)
      .withExposedPorts(SERVER_PORT)
      .withEntrypoint(['sleep'])
      .withCommand(['infinity'])
      .withWaitStrategy(this.#library.Wait.forSuccessfulCommand('true'))
      .withStartupTimeout(this.#options.timeoutMs)
      .start()
    this.#containers.push(container)
    const config: NodeConfig = {
      host: container.getHost(),
      port: container.getMappedPort(SERVER_PORT),
      user: USER,
      password: this.#password,
      database: this.#options.database,
    }
    const server = new ContainerServer({
      name,
      shell: shellIn(container, this.#password),
      config,
      address: { host: name, port: SERVER_PORT },
      timeoutMs: this.#options.timeoutMs,
    })
    this.#servers.set(name, server)
    return server
  }

  #own(server: Server): ContainerServer {
    const own = this.#servers.get(server.name)
    if (own === undefined) throw failure(`${server.name} is not of this cluster`)
    return own
  }
}

function installedLibrary(): Testcontainers {
  try {
    return requireLazily('testcontainers') as Testcontainers
  } catch (error) {
    throw failure('the testcontainers backend needs its package: npm i -D testcontainers', error)
  }
}

function shellIn(container: StartedContainer, password: string): Shell {
  return async (script) => {
    const { exitCode, output, stdout } = await container.exec(['sh', '-c', script], {
      user: USER,
      env: { PGPASSWORD: password },
    })
    if (exitCode !== 0)
      throw failure(`a command in a container failed: ${output.replaceAll(password, '***').trim()}`)
    return stdout
  }
}

function failure(reason: string, cause?: unknown): SwitchyardError {
  return new SwitchyardError('SWITCHYARD_TEST_CLUSTER', reason, { cause })
}
