import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { manifest, root } from '../package/install.ts'

test('the bill of materials of a release names the package and what users install with it', () => {
  const { jobs } = parse(readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')) as {
    readonly jobs: { readonly build: { readonly steps: readonly { readonly run?: string }[] } }
  }
  const command = jobs.build.steps.map(({ run = '' }) => run).find((run) => run.startsWith('npm sbom'))
  const [, ...args] = command?.replace(/ >.*/, '').split(' ') ?? []
  const text = execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const bill = JSON.parse(text) as {
    readonly bomFormat: string
    readonly metadata: { readonly component: { readonly purl: string } }
    readonly components: readonly {
      readonly name: string
      readonly properties?: readonly { readonly name: string }[]
    }[]
  }
  expect(bill.bomFormat).toBe('CycloneDX')
  expect(bill.metadata.component.purl).toMatch(/^pkg:npm\/pg-switchyard@/)
  const isForDevelopment = new Map(
    bill.components.map(({ name, properties = [] }) => [
      name,
      properties.some((property) => property.name === 'cdx:npm:package:development'),
    ]),
  )
  for (const name of [...Object.keys(manifest.dependencies), 'pg'])
    expect([name, isForDevelopment.get(name)]).toEqual([name, false])
  for (const name of ['vitest', 'typescript'])
    expect([name, isForDevelopment.get(name)]).toEqual([name, true])
})
