import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { copyTree } from './copy-tree.ts'

let top: string

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'copy-tree-'))
  await mkdir(join(top, 'from/empty'), { recursive: true })
  await mkdir(join(top, 'from/deep/er'), { recursive: true })
  await writeFile(join(top, 'from/deep/er/file'), 'content', { mode: 0o640 })
  await writeFile(join(top, 'from/secret'), 'x')
  await symlink('secret', join(top, 'from/link'))
})
afterEach(() => rm(top, { recursive: true, force: true }))

test('copies files and directories but what is skipped, with the permissions asked for', async () => {
  const to = join(top, 'to')
  const skipped: string[] = []
  await copyTree(join(top, 'from'), to, {
    owner: undefined,
    fileMode: 0o600,
    skip: (path) => {
      skipped.push(path)
      return path === 'secret'
    },
  })
  expect((await readdir(to, { recursive: true })).toSorted()).toEqual([
    'deep',
    'deep/er',
    'deep/er/file',
    'empty',
  ])
  expect(await readFile(join(to, 'deep/er/file'), 'utf8')).toBe('content')
  expect((await stat(join(to, 'deep/er/file'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(to, 'empty'))).mode & 0o777).toBe(0o700)
  expect(skipped).toContain('deep/er/file')
})

test('a file that vanishes meanwhile is left out', async () => {
  await copyTree(join(top, 'from'), join(top, 'to'), {
    owner: undefined,
    fileMode: 0o644,
    skip: () => {
      // It was listed a moment ago.
      rmSync(join(top, 'from/secret'), { force: true })
      return false
    },
  })
  expect(await readdir(join(top, 'to'))).not.toContain('secret')
})
