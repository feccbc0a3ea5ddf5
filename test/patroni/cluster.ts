import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientConfig } from 'pg'
import { fastestDirectory } from '../../src/test-cluster/embedded/directory.ts'
import { ownEnvironment } from '../../src/test-cluster/embedded/environment.ts'
import { freePort } from '../../src/test-cluster/embedded/ports.ts'
import { serverUser, type ServerUser } from '../../src/test-cluster/embedded/server-user.ts'
import { Watchdog } from '../../src/test-cluster/embedded/watchdog.ts'
import type { Requirements } from './requirements.ts'

const LOCAL = '127.0.0.1'

/** Patroni, until whoever holds the other end of its standard input lets go of it or dies. */
const SCRIPT = `
"$@" </dev/null &
read -r _
kill -KILL $!
wait
`

export interface Member {
  readonly name: string
  readonly apiUrl: string
  readonly port: number
}

interface Ports {
  readonly api: number
  readonly postgres: number
  readonly raft: number
}

/** Servers under Patroni, which agree by Patroni's own Raft. All of it is gone when this process is. */
export class PatroniCluster implements AsyncDisposable {
  readonly #requirements: Requirements
  readonly #watchdog: Watchdog
  readonly #user: ServerUser | undefined
  readonly #ports: ReadonlyMap<string, Ports>
  readonly #running = new Map<string, ChildProcess>()
  readonly #password: string = randomBytes(12).toString('hex')

  private constructor(
    requirements: Requirements,
    watchdog: Watchdog,
    user: ServerUser | undefined,
    ports: ReadonlyMap<string, Ports>,
  ) {
    this.#requirements = requirements
    this.#watchdog = watchdog
    this.#user = user
    this.#ports = ports
  }

  /** Nothing runs yet. @param names Of all that may ever be members: more than half of them have to run. */
  static async create(requirements: Requirements, names: readonly string[]): Promise<PatroniCluster> {
    const user = await serverUser()
    const ports = new Map<string, Ports>()
    for (const name of names) {
      ports.set(name, { api: await freePort(), postgres: await freePort(), raft: await freePort() })
    }
    const watchdog = await Watchdog.start(await fastestDirectory(), user)
    return new PatroniCluster(requirements, watchdog, user, ports)
  }

  get login(): ClientConfig {
    return { host: LOCAL, user: 'postgres', password: this.#password, database: 'postgres' }
  }

  member(name: string): Member {
    const { api, postgres } = this.#portsOf(name)
    return { name, apiUrl: `http://${LOCAL}:${api}`, port: postgres }
  }

  /** Starts a member; Patroni makes its server, or copies the leader's. */
  async start(name: string, tags: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const file = await this.#configure(name, tags)
    const log = await open(this.#path(`${name}.log`), 'a')
    const child = spawn(
      '/bin/sh',
      ['-c', SCRIPT, 'pg-switchyard-patroni', this.#requirements.patroni, file],
      {
        cwd: this.#watchdog.directory,
        env: { ...ownEnvironment(), HOME: this.#watchdog.directory },
        stdio: ['pipe', log.fd, log.fd],
        ...this.#user,
      },
    )
    await once(child, 'spawn')
    await log.close()
    this.#running.set(name, child)
  }

  /** Changes a running member's tags. */
  async retag(name: string, tags: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#configure(name, tags)
    await this.post(name, 'reload', {})
  }

  /** A request to a member's REST API; gives what it says. */
  async post(name: string, path: string, body: object): Promise<string> {
    const response = await fetch(`${this.member(name).apiUrl}/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`POST /${path}: ${response.status} ${text}`)
    return text
  }

  /** Ends a member's Patroni as if it had crashed; its server runs on. */
  async killPatroni(name: string): Promise<void> {
    const child = this.#running.get(name)
    this.#running.delete(name)
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.stdin?.end()
    await ended
  }

  /** The last lines of every log, for a test that failed. */
  async logs(): Promise<string> {
    const logs = [...this.#ports.keys()].map(async (name) => {
      const text = await readFile(this.#path(`${name}.log`), 'utf8').catch(() => '')
      return text.split('\n').slice(-15).join('\n')
    })
    return (await Promise.all(logs)).join('\n\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.killPatroni(name)))
    await this.#watchdog.close()
  }

  async #configure(name: string, tags: Readonly<Record<string, unknown>>): Promise<string> {
    const file = this.#path(`${name}.json`)
    // JSON is YAML.
    await writeFile(file, JSON.stringify(this.#configuration(name, tags), undefined, 2), { mode: 0o600 })
    if (this.#user !== undefined) await chown(file, this.#user.uid, this.#user.gid)
    return file
  }

  #configuration(name: string, tags: Readonly<Record<string, unknown>>): object {
    const { api, postgres, raft } = this.#portsOf(name)
    const others = [...this.#ports].filter(([other]) => other !== name)
    const account = (username: string): object => ({ username, password: this.#password })
    return {
      scope: 'switchyard',
      name,
      tags,
      restapi: { listen: `${LOCAL}:${api}`, connect_address: `${LOCAL}:${api}` },
      raft: {
        data_dir: this.#path(`raft-${name}`),
        self_addr: `${LOCAL}:${raft}`,
        partner_addrs: others.map(([, ports]) => `${LOCAL}:${ports.raft}`),
      },
      bootstrap: {
        // The shortest that Patroni takes.
        dcs: { ttl: 20, loop_wait: 1, retry_timeout: 3, postgresql: { use_pg_rewind: true } },
        initdb: [{ encoding: 'UTF8' }, 'data-checksums', 'no-sync'],
      },
      postgresql: {
        listen: `${LOCAL}:${postgres}`,
        connect_address: `${LOCAL}:${postgres}`,
        data_dir: this.#path(name),
        bin_dir: this.#requirements.binDir,
        pgpass: this.#path(`${name}.pgpass`),
        authentication: { superuser: account('postgres'), replication: account('replicator') },
        pg_hba: [
          'host all all 127.0.0.1/32 scram-sha-256',
          'host replication all 127.0.0.1/32 scram-sha-256',
        ],
        parameters: {
          unix_socket_directories: '',
          dynamic_shared_memory_type: 'mmap',
          fsync: 'off',
          shared_buffers: '16MB',
        },
        basebackup: ['no-sync', { checkpoint: 'fast' }],
      },
    }
  }

  #path(name: string): string {
    return join(this.#watchdog.directory, name)
  }

  #portsOf(name: string): Ports {
    const ports = this.#ports.get(name)
    if (ports === undefined) throw new Error(`There is no member ${name}`)
    return ports
  }
}
