import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { SwitchyardError } from '../../errors/error.ts'
import type { ServerUser } from './server-user.ts'

// Makes the directory itself, since between two processes there would be a moment in which nobody feels responsible.
// Then its standard input is a pipe whose other end only the owner holds: reading ends when the owner lets go or dies.
// Then it ends every server (SIGQUIT makes a postmaster end its children, whatever they do, but for frozen ones, which
// are woken) and removes the directory. The pid in a postmaster.pid is negative while initdb works. A pid file without
// its process is what SIGKILL leaves; in its 7th line is the id of a shared memory segment, which would stay for ever.
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
 * A small process beside this one that cleans up behind it: when this process closes the watchdog, or ends in any way,
 * SIGKILL included, every server whose data lies in the directory is ended and the directory removed.
 */
export class Watchdog {
  /** A new directory that only the servers' user may enter. */
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
    // Ending one that was killed must not end this process; `close` looks at the outcome.
    child.stdin?.on('error', () => undefined)
    child.unref()
  }

  /** @param parent Where to make the directory. */
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

  /** Cleans up now. Resolves when it is done. */
  async close(): Promise<void> {
    this.#process.ref()
    this.#process.stdin?.end()
    await this.#ended
    // Somebody may have killed it.
    if (existsSync(this.directory)) await once(run(['', this.directory], 'ignore', this.#user), 'exit')
    if (existsSync(this.directory)) {
      throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `${this.directory} could not be removed`)
    }
  }
}

/** Each argument is empty or a path: a template for a directory to be made, a directory that is there. */
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
