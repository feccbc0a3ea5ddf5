import { constants } from 'node:fs'
import { chmod, chown, copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { ServerUser } from './server-user.ts'

export interface CopyOptions {
  /** Owner of the copied files and directories. */
  readonly owner: ServerUser | undefined
  /** Permissions of the copied files; directories also get the permission to enter. */
  readonly fileMode: number
  /** Returns true for paths to leave out, relative to the top and separated by `/`. */
  readonly skip: (path: string) => boolean
}

/**
 * Copies regular files and directories, sharing blocks if the file system supports it. A file that is removed meanwhile
 * is left out.
 */
export async function copyTree(from: string, to: string, options: CopyOptions): Promise<void> {
  await copyBelow(from, to, '', options)
}

async function copyBelow(from: string, to: string, path: string, options: CopyOptions): Promise<void> {
  const { owner, fileMode, skip } = options
  await mkdir(to, { recursive: true })
  await handOver(to, fileMode | ((fileMode & 0o444) >> 2), owner)
  const entries = await readdir(from, { withFileTypes: true })
  await Promise.all(
    entries.map(async (entry) => {
      const below = path === '' ? entry.name : `${path}/${entry.name}`
      if (skip(below)) return
      const source = join(from, entry.name)
      const target = join(to, entry.name)
      if (entry.isDirectory()) return copyBelow(source, target, below, options)
      if (!entry.isFile()) return
      try {
        await copyFile(source, target, constants.COPYFILE_FICLONE)
      } catch (error) {
        if (isMissing(error)) return
        throw error
      }
      await handOver(target, fileMode, owner)
    }),
  )
}

async function handOver(path: string, mode: number, owner: ServerUser | undefined): Promise<void> {
  await chmod(path, mode)
  if (owner !== undefined) await chown(path, owner.uid, owner.gid)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
