import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../package/install.ts'

// The program takes every folder in `.changeset` for a change in its oldest format, and every other Markdown file for one of
// today.
test('the folder of changesets has its configuration, its page, and changes with a kind', () => {
  const folder = join(root, '.changeset')
  const entries = readdirSync(folder, { withFileTypes: true })
  expect(entries.filter((entry) => !entry.isFile()).map(({ name }) => name)).toEqual([])
  const changes = entries
    .map(({ name }) => name)
    .filter((name) => !['README.md', 'config.json'].includes(name))
  for (const name of changes) {
    expect(readFileSync(join(folder, name), 'utf8')).toMatch(
      /^---\n["']pg-switchyard["']: (?:major|minor|patch)\n---\n\n\S/,
    )
  }
})
