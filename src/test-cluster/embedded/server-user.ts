import { readFile } from 'node:fs/promises'

import { SwitchyardError } from '../../errors/error.ts'

/** As whom the servers run; undefined: as this process's own user. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root, so root hands its servers to the unprivileged user `nobody`. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const accounts = await readFile('/etc/passwd', 'utf8')
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(accounts)
  if (nobody === null) {
    throw new SwitchyardError(
      'SWITCHYARD_TEST_CLUSTER',
      'PostgreSQL does not run as root, and /etc/passwd has no user "nobody" to run it as',
    )
  }
  return { uid: Number(nobody[1]), gid: Number(nobody[2]) }
}
