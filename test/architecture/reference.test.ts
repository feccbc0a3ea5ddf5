import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { expect, test } from 'vitest'
import { filesBelow } from './links.ts'
import { EVENT_NAMES } from '../../src/observability/channels.ts'
import { COMMANDS, DIRECTIVES, events } from './reference/directives.ts'
import { PUBLIC_NAMES } from './reference/entries.ts'
import { root } from './source.ts'

const BLOCK = /<!-- generated: ([\w-]+)(.*?) -->\n[^]*?<!-- \/generated -->/g

/** Pages with parts that are made from the source. */
const pages = filesBelow(root, 'docs', /\.md$/).filter((path) =>
  /^<!-- generated: /m.test(readFileSync(join(root, path), 'utf8')),
)

// `npm run docs:reference` writes the pages again.
test.each(pages)('%s is what the source says (npm run docs:reference)', async (path) => {
  const page = readFileSync(join(root, path), 'utf8')
  const made = page.replace(BLOCK, (_block, name: string, args: string) => {
    const directive = DIRECTIVES[name]
    if (directive === undefined) throw new Error(`${path} asks for "${name}", which nothing writes`)
    const written = directive(...args.trim().split(' '))
    return `<!-- generated: ${name}${args} -->\n\n${written}\n\n<!-- /generated -->`
  })
  const options = await resolveConfig(join(root, path))
  await expect(await format(made, { ...options, parser: 'markdown' })).toMatchFileSnapshot(join(root, path))
})

/** Directives of all pages. */
const directives = pages.flatMap((path) =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/^<!-- generated: (.+) -->$/gm)].map(
    ([, line]) => line,
  ),
)

test('the reference has the options of every public function', () => {
  const options = PUBLIC_NAMES.filter(({ found: { node } }) => node.type === 'TSInterfaceDeclaration').filter(
    ({ name }) => /Options$|^(?:MaxLag|PrimarySpill|RouteRequest|CookieAttributes)$/.test(name),
  )
  expect(options.length).toBeGreaterThan(25)
  const missing = options.filter(({ found: { file, name } }) => {
    const place = `${file.path.replace(/^src\//, '')} ${name}`
    return !directives.includes(`options ${place}`) && !directives.includes(`sections ${place}`)
  })
  expect(missing.map(({ name }) => name)).toEqual([])
})

test('the reference has every event', () => {
  const named = [
    ...events('observability/statement-events.ts', 'StatementEvents'),
    ...events('observability/events.ts', 'RouterEvents'),
  ]
  expect(named.map(({ name }) => name).toSorted()).toEqual(EVENT_NAMES.toSorted())
  expect(directives).toContain('events observability/statement-events.ts StatementEvents')
  expect(directives).toContain('events observability/events.ts RouterEvents')
})

test('the reference has every error and every metric', () => {
  expect(directives).toContain('union errors/error.ts ErrorCode')
  expect(directives).toContain('metrics')
})

test('the reference has every command, and --help every flag', () => {
  expect(Object.keys(COMMANDS).filter((name) => !directives.includes(`command ${name}`))).toEqual([])
  const main = readFileSync(join(root, 'src/cli/main.ts'), 'utf8')
  const listed = [...main.matchAll(/^ {2}\['([\w-]+)', \w+\],$/gm)].map(([, name = '']) => name)
  expect(listed.toSorted()).toEqual(Object.keys(COMMANDS).toSorted())
  const missing = Object.entries(COMMANDS).flatMap(([name, { help }]) => {
    const source = readFileSync(join(root, `src/cli/${name}/options.ts`), 'utf8')
    const flags = [...source.matchAll(/^ +'?([\w-]+)'?: '(?:boolean|value|list)',$/gm)].map(
      ([, flag]) => flag,
    )
    expect(flags.length).toBeGreaterThan(2)
    return flags
      .filter((flag) => !new RegExp(`^ +--${flag}\\b`, 'm').test(help))
      .map((flag) => `${name} --${flag}`)
  })
  expect(missing).toEqual([])
})
