import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { documentAt } from '../../src/errors/documents.ts'
import { anchorOf, anchorsOf, brokenLinks, filesBelow, linksOf } from './links.ts'
import { root } from './source.ts'

const HOME = documentAt('').replace(/\/docs\/$/, '')

test('every link between documents leads to a file and a heading that is there', () => {
  const pages = filesBelow(root, '', /\.md$/)
  expect(pages.length).toBeGreaterThan(80)
  expect(brokenLinks(root, pages, HOME)).toEqual([])
})

test('every document is linked from another one', () => {
  const pages = filesBelow(root, 'docs', /\.md$/)
  const linked = new Set(
    [...pages, 'README.md'].flatMap((page) =>
      linksOf(readFileSync(join(root, page), 'utf8'))
        .map((link) => join(page, '..', link.split('#')[0] ?? ''))
        .filter((path) => path !== page),
    ),
  )
  const isDecision = (page: string): boolean => page.startsWith('docs/decisions/')
  expect(pages.filter((page) => !isDecision(page) && !linked.has(page))).toEqual([])
})

test('documents that code names are there', () => {
  const sources = ['src', 'test', 'scripts', 'bench', 'examples'].flatMap((folder) =>
    filesBelow(root, folder, /\.(?:[cm]?[jt]s|tsx|json|ya?ml)$/),
  )
  const missing = sources.flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/(?<![\w/-])docs\/[\w./-]+\.md/g)]
      .filter(([document]) => !existsSync(join(root, document)))
      .map(([document]) => `${path}: ${document}`),
  )
  expect(missing).toEqual([])
})

test.each([
  ['Is it `strong`?', 'is-it-strong'],
  ['`pg-switchyard doctor`', 'pg-switchyard-doctor'],
  ['A [link](x.md), and más', 'a-link-and-más'],
  ['snake_case – dash', 'snake_case--dash'],
])('the anchor of "%s" is %s', (heading, anchor) => {
  expect(anchorOf(heading)).toBe(anchor)
})

test('code blocks hold neither headings nor links', () => {
  const page = '# One\n\n```sh\n# two\n[a](b.md)\n```\n\n# One\n\n`[c](d.md)` [e](f.md#g "title")\n'
  expect([...anchorsOf(page)]).toEqual(['one', 'one-1'])
  expect(linksOf(page)).toEqual(['f.md#g'])
})
