import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, chownSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { once } from 'node:events'
import { serverUser } from '../../src/test-cluster/embedded/server-user.ts'

/** Where a program is: named by a variable of the environment, or on the path, or where Debian puts servers. */
export function findProgram(name: string, variable: string): string | undefined {
  const given = process.env[variable]
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  return [...(given === undefined ? [] : [given]), ...directories.map((each) => join(each, name))].find(
    isRunnable,
  )
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A server of another project, with a directory of its own. */
export class PeerProcess implements AsyncDisposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'pg-switchyard-peer-'))
  #child: ChildProcess | undefined
  #log = ''

  /** Resolves when it listens. The directory is the user's that it runs as. */
  async start(program: string, args: readonly string[], port: number): Promise<void> {
    const user = await serverUser()
    if (user !== undefined) chownSync(this.directory, user.uid, user.gid)
    const child = spawn(program, args, { cwd: this.directory, stdio: ['ignore', 'pipe', 'pipe'], ...user })
    this.#child = child
    const note = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString()).slice(-4000)
    }
    child.stdout.on('data', note)
    child.stderr.on('data', note)
    const deadline = performance.now() + 15_000
    while (!(await listens(port))) {
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`${program} does not listen on ${port}: ${this.#log}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child
    if (child !== undefined && child.exitCode === null) {
      child.kill('SIGINT')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
      await once(child, 'exit')
      clearTimeout(timer)
    }
    rmSync(this.directory, { recursive: true, force: true })
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
