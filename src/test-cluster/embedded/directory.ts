import { execFile } from 'node:child_process'
import { access, constants, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { SwitchyardError } from '../../errors/error.ts'
import type { ServerUser } from './server-user.ts'

const SHARED_MEMORY = '/dev/shm'
// Three nodes of WAL and a few hundred megabytes of tables; containers often have only 64 MB.
const ROOM_BYTES = 4 * 1024 ** 3

/** A directory in memory where there is one with room, else the system's for temporary files. */
export async function fastestDirectory(): Promise<string> {
  try {
    await access(SHARED_MEMORY, constants.W_OK)
    const { bavail, bsize } = await statfs(SHARED_MEMORY)
    if (bavail * bsize >= ROOM_BYTES) return SHARED_MEMORY
  } catch {
    // Not every system has one.
  }
  return tmpdir()
}

/** Makes a new directory in `parent` that only the servers' user may enter. */
export async function makeDirectory(parent: string, user: ServerUser | undefined): Promise<string> {
  try {
    // Made as that user, who has to be able to remove it too.
    const template = join(parent, 'pg-switchyard-XXXXXX')
    const { stdout } = await promisify(execFile)('mktemp', ['-d', template], { cwd: '/', ...user })
    return stdout.trim()
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim() : String(error)
    throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `no directory can be made in ${parent}: ${reason}`, {
      cause: error,
    })
  }
}
