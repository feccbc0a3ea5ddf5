import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../src/test-cluster/embedded/ports.ts'
import { serverUser } from '../../src/test-cluster/embedded/server-user.ts'
import type { ClusterNode } from '../../src/test-cluster/index.ts'
import { ask, until } from '../support/servers.ts'

export type PoolMode = 'transaction' | 'session'

/** Says in a few words what is missing, if PgBouncer cannot be run here. */
export async function missingForBouncer(): Promise<string | undefined> {
  const found = promisify(execFile)('pgbouncer', ['--version'], { cwd: '/' })
  return found.then(
    () => undefined,
    () => 'no pgbouncer on the PATH',
  )
}

/** Where and as whom to connect. */
type Address = ClusterNode['config']

// It ends with whoever holds the other end of its standard input, however that one ends.
const SCRIPT = 'pgbouncer "$1" & pid=$!; cat >/dev/null; kill "$pid"; wait "$pid"'

const INI = 'pgbouncer.ini'

function iniFor({ host, port }: Address, settings: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
  return `[databases]\n* = host=${host} port=${port}\n[pgbouncer]\n${lines.join('')}`
}

/** A PgBouncer in front of one server, on a port of its own. */
export class Bouncer implements AsyncDisposable {
  /** How to reach the server through it. */
  readonly config: Address
  readonly #directory: string
  readonly #settings: Readonly<Record<string, string | number>>
  readonly #shell: ChildProcess
  #log = ''

  private constructor(
    config: Address,
    directory: string,
    settings: Readonly<Record<string, string | number>>,
    shell: ChildProcess,
  ) {
    this.config = config
    this.#directory = directory
    this.#settings = settings
    this.#shell = shell
    shell.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text))
  }

  /** @param settings More lines of its `[pgbouncer]` section; they win. */
  static async start(
    server: Address,
    mode: PoolMode,
    settings: Readonly<Record<string, string | number>> = {},
  ): Promise<Bouncer> {
    const user = await serverUser()
    const directory = await mkdtemp(join(tmpdir(), 'pg-switchyard-pgbouncer-'))
    const port = await freePort()
    const users = join(directory, 'users.txt')
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'scram-sha-256',
      auth_file: users,
      admin_users: server.user,
      pool_mode: mode,
      server_login_retry: 1,
      ...settings,
    }
    const file = join(directory, INI)
    await writeFile(users, `"${server.user}" "${server.password}"\n`, { mode: 0o600 })
    await writeFile(file, iniFor(server, all))
    if (user !== undefined) {
      for (const path of [directory, users, file]) await chown(path, user.uid, user.gid)
    }
    await chmod(directory, 0o700)
    const shell = spawn('sh', ['-c', SCRIPT, 'sh', file], {
      cwd: '/',
      stdio: ['pipe', 'ignore', 'pipe'],
      ...user,
    })
    const bouncer = new Bouncer({ ...server, port }, directory, all, shell)
    try {
      await bouncer.#untilReady()
    } catch (error) {
      await bouncer.stop()
      throw new Error(`pgbouncer did not start:\n${bouncer.#log}`, { cause: error })
    }
    return bouncer
  }

  /** Rows of a command of its console, `SHOW POOLS` say. */
  console(command: string): Promise<Record<string, unknown>[]> {
    return ask({ ...this.config, database: 'pgbouncer' }, command)
  }

  /** From now on it leads to another server. Transactions come to their end; sessions are cut, as they never would. */
  async pointTo(server: Address): Promise<void> {
    await writeFile(join(this.#directory, INI), iniFor(server, this.#settings))
    await this.console('RELOAD')
    if (this.#settings['pool_mode'] !== 'session') return
    await this.console(`KILL ${this.config.database}`)
    await this.console(`RESUME ${this.config.database}`)
  }

  async stop(): Promise<void> {
    if (this.#shell.exitCode === null && this.#shell.signalCode === null) {
      const ended = once(this.#shell, 'exit')
      this.#shell.stdin?.end()
      await ended
    }
    await rm(this.#directory, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #untilReady(): Promise<void> {
    await until('pgbouncer answers', () =>
      this.console('SHOW VERSION').then(
        () => true,
        () => false,
      ),
    )
  }
}
