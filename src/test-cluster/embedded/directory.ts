import { access, constants, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'

const SHARED_MEMORY = '/dev/shm'
// Three nodes of WAL and a few hundred megabytes of tables; containers often have only 64 MB.
const ROOM_BYTES = 4 * 1024 ** 3

/** Returns a directory in memory if one has enough space, else the system's directory for temporary files. */
export async function fastestDirectory(): Promise<string> {
  try {
    await access(SHARED_MEMORY, constants.W_OK)
    const { bavail, bsize } = await statfs(SHARED_MEMORY)
    if (bavail * bsize >= ROOM_BYTES) return SHARED_MEMORY
  } catch {
    // Not every system has /dev/shm.
  }
  return tmpdir()
}
