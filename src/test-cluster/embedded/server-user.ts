import { readFile } from 'node:fs/promises'

import { SwitchyardError } from '../../errors/error.ts'

/** User that runs the servers; undefined for this process's own user. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** Returns the user `nobody` when this process runs as root, since PostgreSQL refuses to run as root. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const accounts = await readFile('/etc/passwd', 'utf8')
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(accounts)
  if (nobody === null) {
    throw new SwitchyardError(
      'SWITCHYARD_TEST_CLUSTER',
      'PostgreSQL does not run as root, and /etc/passwd has no user `nobody` to run it as',
    )
  }
  return { uid: Number(nobody[1]), gid: Number(nobody[2]) }
}
