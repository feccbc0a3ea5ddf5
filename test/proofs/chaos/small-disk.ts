import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rename, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Says in a few words why no file system can be mounted here, if so. */
export async function missingForSmallDisk(): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'pg-switchyard-mount-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory])
    await run('umount', [directory])
    return undefined
  } catch {
    return 'mounting a tmpfs is not permitted'
  } finally {
    await rmdir(directory).catch(() => {})
  }
}

/** A small file system in place of a data directory, whose server does not run meanwhile. */
export class SmallDisk {
  readonly #directory: string
  readonly #unmount = (): void => void execFileSync('umount', ['-l', this.#directory])

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Copies the data to a file system with little room, and mounts it there. */
  static async mount(directory: string): Promise<SmallDisk> {
    const disk = new SmallDisk(directory)
    await rename(directory, disk.#original)
    await mkdir(directory)
    const { stdout } = await run('du', ['-sm', disk.#original])
    const megabytes = Number.parseInt(stdout, 10) + 24
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory])
    process.once('exit', disk.#unmount)
    await run('cp', ['-a', `${disk.#original}/.`, directory])
    return disk
  }

  get #original(): string {
    return `${this.#directory}.original`
  }

  get #filler(): string {
    return join(this.#directory, 'filler')
  }

  /** Takes all room that is left. */
  async fill(): Promise<void> {
    const file = await open(this.#filler, 'w')
    try {
      for (const block of [Buffer.alloc(1024 * 1024), Buffer.alloc(4096)]) {
        await (async () => {
          for (;;) await file.write(block)
        })().catch((error: unknown) => {
          if (Reflect.get(error as object, 'code') !== 'ENOSPC') throw error
        })
      }
    } finally {
      await file.close()
    }
  }

  /** Gives it far more room: the WAL that it lacks may need more than the filler took. */
  async free(): Promise<void> {
    await rm(this.#filler, { force: true })
    await run('mount', ['-o', 'remount,size=1g', this.#directory])
  }

  /** Puts the data directory back as it was before: an older state, as after a restore. */
  async unmount(): Promise<void> {
    await run('umount', ['-l', this.#directory])
    process.removeListener('exit', this.#unmount)
    await rmdir(this.#directory)
    await rename(this.#original, this.#directory)
  }
}
