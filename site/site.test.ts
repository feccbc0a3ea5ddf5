import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PUBLIC_NAMES } from '../test/architecture/reference/entries.ts'
import { contents, markdownBelow, staged } from './pages.mjs'

const dist = join(import.meta.dirname, 'build/dist')
const read = (path: string): string => readFileSync(join(dist, path), 'utf8')
/** Path of Debian's package `chromium`; `undefined` where it is missing. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'build.mjs')], {
    maxBuffer: 2 ** 26,
  })
}, 600_000)

const html = (): readonly string[] =>
  readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.html'))

test('each document has a page, and a twin in Markdown', () => {
  const pages = markdownBelow(staged)
  expect(pages.length).toBeGreaterThan(85)
  expect(pages.filter((path) => !existsSync(join(dist, path.replace(/md$/, 'html'))))).toEqual([])
  expect(pages.filter((path) => read(path) !== readFileSync(join(staged, path), 'utf8'))).toEqual([])
})

test('each link of the site leads to a page and a heading that are there', () => {
  const pages = html()
  const ids = new Map(
    pages.map((path) => [path, new Set([...read(path).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
  )
  const broken = pages.flatMap((path) =>
    [...read(path).matchAll(/<a [^>]*href="([^"]+)"/g)].flatMap(([, href = '']) => {
      if (/^[a-z]+:/i.test(href)) return []
      const { hash, pathname } = new URL(href, `http://site/${path.replace(/(?:index)?\.html$/, '')}`)
      if (extname(pathname) === '.png') return existsSync(join(dist, pathname)) ? [] : [`${path}: ${href}`]
      const target = pathname.endsWith('/')
        ? `${pathname}index.html`
        : pathname.replace(/(?:\.html)?$/, '.html')
      const known = ids.get(target.slice(1))
      if (known === undefined) return [`${path}: ${href}`]
      const id = decodeURIComponent(hash.slice(1))
      return id === '' || known.has(id) || id === 'VPContent' ? [] : [`${path}: ${href}`]
    }),
  )
  expect([...new Set(broken)]).toEqual([])
})

test('llms.txt lists the documents, and llms-full.txt holds them', () => {
  const pages = contents().flatMap((section) => section.pages)
  expect(pages.length).toBeGreaterThan(40)
  const index = read('llms.txt')
  expect(index).toMatch(/^# pg-switchyard\n\n> .+\n/)
  expect(pages.filter(({ path }) => !index.includes(`](/${path})`))).toEqual([])
  const all = read('llms-full.txt')
  expect(pages.filter(({ path }) => !all.includes(readFileSync(join(staged, path), 'utf8')))).toEqual([])
})

test('the reference has a section for each exported name', () => {
  const pages = markdownBelow(join(staged, 'reference/api'))
  const text = pages.map((path) => readFileSync(join(staged, 'reference/api', path), 'utf8')).join('\n')
  const headings = new Set(
    [...text.matchAll(/^#{2,4} (?:~~)?`?(?:abstract )?([\w$]+)/gm)].map(([, name]) => name),
  )
  const missing = PUBLIC_NAMES.filter(({ name }) => !headings.has(name) && name !== 'default')
  expect(missing.map(({ module, name }) => `${module}: ${name}`)).toEqual([])
})

describe.skipIf(CHROMIUM === undefined)('in a browser (skipped without chromium)', () => {
  let browser: Browser
  let server: Server
  let url: string

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? '', 'http://site').pathname)
      const file = [path, `${path}.html`, `${path}index.html`].find((each) => {
        return extname(each) !== '' && existsSync(join(dist, each))
      })
      const types: Readonly<Record<string, string>> = {
        '.html': 'text/html',
        '.js': 'text/javascript',
        '.css': 'text/css',
        '.wasm': 'application/wasm',
        '.svg': 'image/svg+xml',
      }
      const isIcon = path === '/favicon.ico'
      response.writeHead(file === undefined ? (isIcon ? 204 : 404) : 200, {
        'content-type': types[extname(file ?? '')] ?? 'application/octet-stream',
      })
      response.end(file === undefined ? '' : readFileSync(join(dist, file)))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await chromium.launch({
      executablePath: CHROMIUM ?? '',
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    })
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    server.close()
  })

  /** Opens a page. Its errors join `complaints`. */
  async function open(path: string, scheme: 'light' | 'dark' = 'light') {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width: 1280, height: 800 } })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`)
    })
    await page.goto(url + path)
    return { page, complaints }
  }

  async function judged(page: Page, sql: string, reason: string) {
    await page.fill('#playground-sql', sql)
    await page.locator('.reason', { hasText: reason }).waitFor({ timeout: 30_000 })
    const texts = ['.kind', 'mark', '.changes', '.shows'].map(async (selector) => {
      const found = page.locator(`.playground ${selector}`)
      return (await found.count()) === 0 ? undefined : await found.innerText()
    })
    return await Promise.all(texts)
  }

  test('the playground judges statements', { timeout: 120_000 }, async () => {
    const { complaints, page } = await open('/playground')
    await page.locator('.playground dl').waitFor({ timeout: 60_000 })
    expect(await judged(page, 'SELECT * FROM shop.orders', 'select')).toEqual([
      'read',
      undefined,
      'nothing',
      'shop.orders',
    ])
    expect(await judged(page, "SELECT 'ä', nextval('ids')", 'function-writes')).toEqual([
      'write',
      'nextval',
      expect.any(String),
      expect.any(String),
    ])
    expect(await judged(page, 'SELECT 1 FROM t FOR UPDATE', 'row-lock')).toMatchObject({ 0: 'write' })
    expect(await judged(page, 'SELEKT', 'unparseable')).toMatchObject({ 0: 'write', 3: 'everything' })
    expect(await judged(page, 'BEGIN', 'begin')).toMatchObject({ 0: 'transaction' })
    expect(complaints).toEqual([])
  })

  test('search finds a page', { timeout: 60_000 }, async () => {
    const { complaints, page } = await open('/')
    await page.locator('.VPNavBarSearch button').first().click()
    await page.fill('#localsearch-input', 'catchUpTimeoutMs')
    await page.locator('.results a', { hasText: 'catchUpTimeoutMs' }).first().waitFor({ timeout: 30_000 })
    expect(complaints).toEqual([])
  })

  test.skipIf(process.env['UPDATE_PICTURES'] !== '1')(
    'takes the pictures of the documents (skipped unless UPDATE_PICTURES=1)',
    { timeout: 120_000 },
    async () => {
      for (const scheme of ['light', 'dark'] as const) {
        const { page } = await open('/playground', scheme)
        await page.locator('.playground dl').waitFor({ timeout: 60_000 })
        await judged(
          page,
          'WITH paid AS (UPDATE orders SET paid = true WHERE id = 7 RETURNING id) SELECT id FROM paid',
          'data-modifying-cte',
        )
        const picture = join(import.meta.dirname, `../docs/images/playground-${scheme}.png`)
        expect((await page.screenshot({ path: picture })).length).toBeLessThan(200_000)
      }
    },
  )
})
