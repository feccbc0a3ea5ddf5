import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly ended: boolean
}

/** Returns a process and all its descendants. */
export async function processTree(root: number): Promise<readonly number[]> {
  const all = await listProcesses()
  const found = [root]
  // Each found process is visited in turn, so the walk also reaches the children found on the way.
  for (const pid of found)
    found.push(...all.filter((entry) => entry.parent === pid).map((entry) => entry.pid))
  return found
}

/** Whether all processes have ended. A zombie counts as ended. */
export async function haveEnded(pids: readonly number[]): Promise<boolean> {
  const all = await listProcesses()
  return !all.some((entry) => pids.includes(entry.pid) && !entry.ended)
}

/** Sends a signal to the processes that still exist. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}

async function listProcesses(): Promise<readonly ProcessEntry[]> {
  // Containers often come without `ps`, but on Linux there is always /proc.
  const lines = process.platform === 'linux' ? await linesOfProc() : await linesOfPs()
  return lines.flatMap((line) => {
    const [, pid, parent, state] = /^\s*(\d+)\s+(\d+)\s+(\S)/.exec(line) ?? []
    return pid === undefined
      ? []
      : [{ pid: Number(pid), parent: Number(parent), ended: state === 'Z' || state === 'X' }]
  })
}

async function linesOfPs(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,state='])
  return stdout.split('\n')
}

async function linesOfProc(): Promise<readonly string[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return Promise.all(
    names.map(async (pid) => {
      // A process may end between the listing and the reading.
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      // pid (name) state parent …, where the name may itself hold parentheses and spaces.
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return `${pid} ${parent} ${state}`
    }),
  )
}
