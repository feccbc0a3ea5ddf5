import { mkdirSync } from 'node:fs'
import type { BrowserContextOptions } from 'playwright-core'
import { expect, test } from 'vitest'
import { startDemo } from '../demo/command.ts'
import { until } from '../support/servers.ts'
import { CHROMIUM, startBrowser } from './browser.ts'

const PICTURES = 'docs/images'

const KINDS: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['light', { colorScheme: 'light', viewport: { width: 1180, height: 720 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1180, height: 720 } }],
  ['phone', { colorScheme: 'light', viewport: { width: 360, height: 740 } }],
]

const isWanted = process.env['UPDATE_PICTURES'] === '1' && CHROMIUM !== undefined

test.skipIf(!isWanted)(
  'takes the pictures of the documents (skipped unless UPDATE_PICTURES=1 and chromium is installed)',
  async () => {
    const demo = startDemo('--page', '--port', '0', '--seconds', '60', '--json')
    let told = ''
    demo.process.stderr?.on('data', (text: string) => (told += text))
    await until('the address is printed', () => told.endsWith('\n'))
    const url = /http:\S+/.exec(told)?.[0] ?? ''
    const browser = await startBrowser()
    const pages = await Promise.all(
      KINDS.map(async ([name, options]) => ({
        name,
        page: await (await browser.newContext(options)).newPage(),
      })),
    )
    for (const { page } of pages) {
      await page.goto(url)
      await page.waitForSelector('#latest-rows tbody tr', { timeout: 60_000 })
    }
    const [first] = pages
    await until(
      'the curves have a story to tell',
      async () => {
        const points = await first?.page.locator('.curve.load polyline').first().getAttribute('points')
        return (points ?? '').split(' ').length > 30
      },
      60_000,
    )
    mkdirSync(PICTURES, { recursive: true })
    for (const { name, page } of pages) {
      const picture = await page.screenshot({ path: `${PICTURES}/dashboard-${name}.png` })
      expect(picture.length).toBeLessThan(150_000)
    }
    await browser.close()
    demo.process.kill('SIGTERM')
    await demo.ended
  },
  180_000,
)
