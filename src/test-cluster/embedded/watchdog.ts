import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { SwitchyardError } from '../../errors/error.ts'
import type { ServerUser } from './server-user.ts'

// Creates the directory itself, so that there is no moment at which no process would remove it. Its standard input is a
// pipe whose other end only the owner holds: reading ends when the owner closes it or dies. Then it stops every server
// (SIGQUIT makes a postmaster end its children at once; frozen ones are woken first) and removes the directory. The pid
// in a postmaster.pid is negative while initdb runs. After SIGKILL a pid file remains without its process. Its 7th line
// has the id of a shared memory segment, which is removed too.
const SCRIPT = `
trap '' PIPE
cd /
directory=\${2:-$(mktemp -d "$1")}
[ -d "$directory" ] || exit
echo "$directory"
exec >/dev/null 2>&1
while read -r _; do :; done
rounds=0
while [ -d "$directory" ] && [ "$rounds" -lt 500 ]; do
  rounds=$((rounds + 1))
  signal=QUIT
  [ "$rounds" -gt 200 ] && signal=KILL
  running=
  for file in "$directory"/*/postmaster.pid; do
    [ -f "$file" ] || continue
    pid=$(head -n 1 "$file")
    pid=\${pid#-}
    kill -CONT "$pid" $(cat "/proc/$pid/task/$pid/children")
    if [ -n "$pid" ] && kill -"$signal" "$pid"; then
      running=yes
    else
      segment=$(sed -n '7s/.* //p' "$file")
      [ -n "$segment" ] && ipcrm -m "$segment"
      rm -f "$file"
    fi
  done
  [ -z "$running" ] && rm -rf "$directory"
  [ -d "$directory" ] && { sleep 0.02 || sleep 1; }
done
`

/**
 * A small process that cleans up after this one, when this process closes the watchdog or ends in any way, SIGKILL
 * included. It stops every server with data in the directory and removes the directory.
 */
export class Watchdog {
  /** A new directory that only the servers' user can enter. */
  readonly directory: string
  readonly #user: ServerUser | undefined
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(directory: string, user: ServerUser | undefined, child: ChildProcess) {
    this.directory = directory
    this.#user = user
    this.#process = child
    this.#ended = once(child, 'exit')
    this.#ended.catch(() => undefined)
    // Closing the pipe of a killed watchdog must not raise an error here; `close` checks the result.
    child.stdin?.on('error', () => undefined)
    child.unref()
  }

  /** @param parent Parent of the directory. */
  static async start(parent: string, user: ServerUser | undefined): Promise<Watchdog> {
    // mktemp(1) fills in the letters.
    const child = run([join(parent, 'pg-switchyard-XXXXXX'), ''], 'pipe', user)
    await once(child, 'spawn')
    const [directory, complaint] = await Promise.all([
      text(child.stdout as Readable),
      text(child.stderr as Readable),
    ])
    if (directory !== '') return new Watchdog(directory.trim(), user, child)
    const reason = `no directory can be made in ${parent}: ${complaint.trim()}`
    throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', reason)
  }

  /** Cleans up now. Resolves when that is done. */
  async close(): Promise<void> {
    this.#process.ref()
    this.#process.stdin?.end()
    await this.#ended
    // The watchdog may have been killed.
    if (existsSync(this.directory)) await once(run(['', this.directory], 'ignore', this.#user), 'exit')
    if (existsSync(this.directory)) {
      throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `${this.directory} could not be removed`)
    }
  }
}

/** Each argument is empty or a path: a template for a new directory, or an existing directory. */
function run(
  paths: readonly [template: string, existing: string],
  stdin: 'pipe' | 'ignore',
  user: ServerUser | undefined,
): ChildProcess {
  return spawn('/bin/sh', ['-c', SCRIPT, 'pg-switchyard-watchdog', ...paths], {
    cwd: '/',
    // In a session of its own: Ctrl-C in a terminal and signals to the owner's process group do not reach it.
    detached: true,
    stdio: [stdin, 'pipe', 'pipe'],
    ...user,
  })
}
