import { execFile } from 'node:child_process'
import { appendFile, chown, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { SwitchyardError } from '../../errors/error.ts'
import { connectionInfo } from '../replication.ts'
import type { NodeConfig } from '../server.ts'
import { withConnection } from '../sql.ts'
import { copyTree } from './copy-tree.ts'
import { ownEnvironment } from './environment.ts'
import type { Programs } from './programs.ts'
import type { EmbeddedServer } from './server.ts'
import type { ServerUser } from './server-user.ts'

/** Creates the data directory of the first primary. Passwords are required, as in production. */
export async function initialize(
  programs: Programs,
  dataDirectory: string,
  login: Pick<NodeConfig, 'user' | 'password'>,
  user: ServerUser | undefined,
): Promise<void> {
  const passwordFile = `${dataDirectory}.password`
  await writeFile(passwordFile, login.password, { mode: 0o600 })
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid)
  const options = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync']
  const identity = [`--username=${login.user}`, `--pwfile=${passwordFile}`, `--pgdata=${dataDirectory}`]
  try {
    await promisify(execFile)(programs.initdb, [...options, ...identity], {
      cwd: '/',
      env: ownEnvironment(),
      ...user,
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `initdb failed: ${reason}`, { cause: error })
  } finally {
    await rm(passwordFile, { force: true })
  }
}

const EMPTIED = /^pg_(?:wal|stat_tmp|replslot|dynshmem|notify|serial|snapshots|subtrans)\//
const FILES =
  /^(?:postmaster\.(?:pid|opts)|(?:backup_label|tablespace_map)(?:\.old)?|(?:standby|recovery)\.signal)$/
const ANYWHERE = /(?:^|\/)(?:pgsql_tmp|pg_internal\.init)/

/**
 * Whether a base backup must leave out a path: it belongs to the running server, or the next one creates it. WAL is
 * streamed.
 */
export function isLeftOut(path: string): boolean {
  return EMPTIED.test(path) || FILES.test(path) || ANYWHERE.test(path)
}

/** Calls that begin and end a base backup; PostgreSQL 15 renamed them. */
function backupCalls(version: number): readonly [begin: string, end: string] {
  return version < 15
    ? [`pg_start_backup('pg-switchyard', true, false)`, 'pg_stop_backup(false, false)']
    : [`pg_backup_start('pg-switchyard', true)`, 'pg_backup_stop(false)']
}

/** Takes one base backup of a running primary and creates each target standby from it. */
export async function cloneAsStandbys(
  { version }: Programs,
  primary: EmbeddedServer,
  targets: readonly EmbeddedServer[],
  user: ServerUser | undefined,
): Promise<void> {
  await Promise.all(targets.map((target) => rm(target.dataDirectory, { recursive: true, force: true })))
  const label = await withConnection(primary.config, async (query) => {
    const [begin, end] = backupCalls(version)
    // The backup ends with this connection.
    await query(`SELECT ${begin}`)
    const options = { owner: user, fileMode: 0o600, skip: isLeftOut }
    await Promise.all(targets.map((target) => copyTree(primary.dataDirectory, target.dataDirectory, options)))
    const [row] = await query(`SELECT labelfile FROM ${end}`)
    return row?.['labelfile'] ?? ''
  })
  await Promise.all(targets.map((target) => makeStandby(target, primary, label, user)))
}

async function makeStandby(
  target: EmbeddedServer,
  primary: EmbeddedServer,
  label: string,
  user: ServerUser | undefined,
): Promise<void> {
  const made = [
    ['backup_label', label],
    ['standby.signal', ''],
  ] as const
  for (const [name, content] of made) {
    const path = join(target.dataDirectory, name)
    await writeFile(path, content, { mode: 0o600 })
    if (user !== undefined) await chown(path, user.uid, user.gid)
  }
  const line = `primary_conninfo = '${connectionInfo(target, primary)}'\n`
  await appendFile(join(target.dataDirectory, 'postgresql.auto.conf'), line)
}
