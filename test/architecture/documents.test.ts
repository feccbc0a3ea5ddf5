import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesBelow } from './links.ts'
import { COMMANDS } from './reference/directives.ts'
import { root } from './source.ts'

// Commands and files that documents name in words, beside their links.

const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'ARCHITECTURE.md', 'CHANGELOG.md'].concat(
  ...['docs', 'examples', 'test', 'site', '.github'].map((folder) =>
    filesBelow(root, folder, /\.(?:md|yml)$/),
  ),
)
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}

interface Named {
  readonly commands: readonly string[]
  readonly scripts: readonly string[]
  readonly files: readonly string[]
}

/** Commands with their flags, npm scripts and files that a text names. */
function namedIn(text: string): Named {
  const commands = [...text.matchAll(/pg-switchyard (classify|doctor|dry-run|demo)\b([^`\n]*)/g)].flatMap(
    ([, command = '', rest = '']) =>
      [...rest.matchAll(/(?<![\w-])--([a-z][\w-]*)/g)].map(([, flag = '']) => `${command} --${flag}`),
  )
  const run = [...text.matchAll(/npm run (?:--silent )?([\w:-]*\w)(?![\w:]*…|:…)/g)]
  const files = [
    ...text.matchAll(/`((?:src|test|bench|docs|examples|scripts)\/[\w./-]+\.\w+)`/g),
    ...text.matchAll(/--page=(\S+?\.md)/g),
  ].map(([, path = '']) => path)
  const built = [...text.matchAll(/\bnode (?:--[\w-]+ )*build\/([\w./-]+)\.js/g)].map(
    ([, path = '']) => `${path}.ts`,
  )
  return { commands, scripts: run.map(([, name = '']) => name), files: [...files, ...built] }
}

describe.each(documents)('%s', (path) => {
  const named = namedIn(readFileSync(join(root, path), 'utf8'))

  test('names only commands, scripts and files that are there', () => {
    const flags = named.commands.filter((command) => {
      const [name = '', flag = ''] = command.split(' ')
      return !new RegExp(`^ +${flag}\\b`, 'm').test(COMMANDS[name]?.help ?? '')
    })
    expect({
      flags,
      scripts: named.scripts.filter((name) => scripts[name] === undefined),
      files: named.files.filter((file) => !existsSync(join(root, file))),
    }).toEqual({ flags: [], scripts: [], files: [] })
  })
})

test('finds what a text names', () => {
  const text =
    '`npx pg-switchyard classify --catalog URL "…"`, `npm run proof:guards -- --only x`, `npm run proof:…`, ' +
    '`src/a.ts`, `--page=docs/README.md`, `node --expose-gc build/bench/c.js`'
  expect(namedIn(text)).toEqual({
    commands: ['classify --catalog'],
    scripts: ['proof:guards'],
    files: ['src/a.ts', 'docs/README.md', 'bench/c.ts'],
  })
})
