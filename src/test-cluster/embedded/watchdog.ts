import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'

import { SwitchyardError } from '../../errors/error.ts'
import type { ServerUser } from './server-user.ts'

// Its standard input is a pipe whose other end only the owner holds; so reading ends when the owner lets go or dies.
// Then: end every server (SIGQUIT makes a postmaster end its children, whatever they do, but for five seconds
// it waits for frozen ones), remove the directory. The pid
// in a postmaster.pid is negative while initdb works. A pid file without its process is what SIGKILL leaves; the id in
// its 7th line is that of a shared memory segment, which would stay for ever.
const SCRIPT = `
cd /
while read -r _; do :; done
rounds=0
while [ -d "$1" ] && [ "$rounds" -lt 500 ]; do
  rounds=$((rounds + 1))
  signal=QUIT
  [ "$rounds" -gt 200 ] && signal=KILL
  running=
  for file in "$1"/*/postmaster.pid; do
    [ -f "$file" ] || continue
    pid=$(head -n 1 "$file" 2>/dev/null)
    pid=\${pid#-}
    kill -CONT "$pid" $(cat "/proc/$pid/task/$pid/children" 2>/dev/null) 2>/dev/null
    if [ -n "$pid" ] && kill -"$signal" "$pid" 2>/dev/null; then
      running=yes
    else
      segment=$(sed -n '7s/.* //p' "$file" 2>/dev/null)
      [ -n "$segment" ] && ipcrm -m "$segment" 2>/dev/null
      rm -f "$file"
    fi
  done
  [ -z "$running" ] && rm -rf "$1" 2>/dev/null
  [ -d "$1" ] && { sleep 0.02 2>/dev/null || sleep 1; }
done
`

/**
 * A small process beside this one that cleans up behind it: when this process closes the watchdog, or ends in any way,
 * SIGKILL included, every server whose data lies in the directory is ended and the directory removed.
 */
export class Watchdog {
  readonly #directory: string
  readonly #user: ServerUser | undefined
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>

  constructor(directory: string, user: ServerUser | undefined) {
    this.#directory = directory
    this.#user = user
    this.#process = this.#spawn('pipe')
    this.#ended = once(this.#process, 'exit')
    this.#ended.catch(() => undefined)
    const pipe = this.#process.stdin as Socket
    // Ending one that was killed must not end this process; `close` looks at the outcome.
    pipe.on('error', () => undefined)
    pipe.unref()
    this.#process.unref()
  }

  /** Cleans up now. Resolves when it is done. */
  async close(): Promise<void> {
    this.#process.ref()
    this.#process.stdin?.end()
    await this.#ended
    // Somebody may have killed it.
    if (existsSync(this.#directory)) await once(this.#spawn('ignore'), 'exit')
    if (existsSync(this.#directory)) {
      throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `${this.#directory} could not be removed`)
    }
  }

  #spawn(stdin: 'pipe' | 'ignore'): ChildProcess {
    return spawn('/bin/sh', ['-c', SCRIPT, 'pg-switchyard-watchdog', this.#directory], {
      // In a session of its own: Ctrl-C in a terminal and signals to the owner's process group do not reach it.
      detached: true,
      stdio: [stdin, 'ignore', 'ignore'],
      ...this.#user,
    })
  }
}
