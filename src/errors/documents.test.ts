import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { documentAt } from './documents.ts'

it('documents lie in the repository that package.json names', () => {
  const { repository } = JSON.parse(readFileSync('package.json', 'utf8')) as { repository: { url: string } }
  const address = repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
  expect(documentAt('operate/doctor.md#lag')).toBe(`${address}/blob/main/docs/operate/doctor.md#lag`)
})
