import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { packagesOf, peerFolders } from '../../scripts/install-peers.mjs'
import { root } from '../package/install.ts'

// The folders that have packages of their own, after scripts/install-peers.mjs.

interface Ended {
  readonly code: number | string | null | undefined
  readonly output: string
}

function node(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, output: stdout + stderr }),
    )
  })
}

describe.each(peerFolders())('%s', (folder) => {
  const path = join(root, folder)
  const resolveFrom = (from: string, name: string): string =>
    createRequire(join(from, 'package.json')).resolve(name)

  it('is private, and takes the library and node-postgres from the root', () => {
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Record<string, unknown>
    expect(manifest).toMatchObject({ private: true, type: 'module' })
    expect(resolveFrom(path, 'pg-switchyard')).toBe(resolveFrom(root, 'pg-switchyard'))
    const { packages } = JSON.parse(
      readFileSync(join(root, packagesOf(folder) ?? folder, 'package-lock.json'), 'utf8'),
    ) as {
      readonly packages: Readonly<
        Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>
      >
    }
    for (const [place, { dependencies }] of Object.entries(packages)) {
      if (dependencies?.['pg'] === undefined || !existsSync(join(path, place))) continue
      expect([place, resolveFrom(join(path, place), 'pg')]).toEqual([place, resolveFrom(root, 'pg')])
    }
  })

  it.skipIf(!existsSync(join(path, 'tsconfig.json')))(
    'has no errors of types',
    { timeout: 120_000 },
    async () => {
      const compiler = join(root, 'node_modules/typescript/bin/tsc')
      expect(await node(compiler, '--noEmit', '--pretty', 'false', '-p', folder)).toEqual({
        code: 0,
        output: '',
      })
    },
  )
})

describe('the script that installs them', () => {
  const script = 'scripts/install-peers.mjs'

  it('does nothing where nothing has changed', async () => {
    expect(await node(script)).toEqual({ code: 0, output: '' })
  })

  it('ends with an error that names the folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pg-switchyard-peers-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { pg: '^8.21.0' } }))
    const withoutLock = await node(script, folder)
    expect(withoutLock).toMatchObject({ code: 1, output: expect.stringContaining('no such file') as unknown })
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages: {} }))
    const { code, output } = await node(script, folder)
    expect(code).toBe(1)
    expect(output).toMatch(
      /^Cannot install the packages of .*peers-.*: npm ci ended with 1\n(?:.*\n)*.*Missing: pg@/,
    )
  })
})
