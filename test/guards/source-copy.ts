import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { removeFrom, type Guard } from './guard.ts'

/** Folders and files that are copied. Everything else is a symbolic link. */
const COPIED: ReadonlySet<string> = new Set(['src', 'test', 'package.json', 'vitest.config.ts'])

/** Entries of the repository that a run of tests does not need. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', 'build', 'coverage'])

/** A temporary copy of the repository, in which one guard at a time is removed from the source. */
export class SourceCopy implements Disposable {
  readonly root: string

  constructor(original: string) {
    this.root = mkdtempSync(join(tmpdir(), 'pg-switchyard-guards-'))
    for (const entry of readdirSync(original)) {
      if (LEFT_OUT.has(entry)) continue
      const [from, to] = [join(original, entry), join(this.root, entry)]
      if (!COPIED.has(entry)) symlinkSync(from, to)
      else cpSync(from, to, { recursive: true, filter: (path) => basename(path) !== 'node_modules' })
    }
  }

  /** Removes a guard. The result puts it back. */
  without(guard: Guard): Disposable {
    const path = join(this.root, guard.file)
    const source = readFileSync(path, 'utf8')
    writeFileSync(path, removeFrom(source, guard))
    return { [Symbol.dispose]: () => writeFileSync(path, source) }
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
