import type { Server } from 'node:http'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'
import { CHROMIUM, complaintsOf, faintTexts, requestsOf, serve, sideways, startBrowser } from './browser.ts'

const NEEDLES = ['needle-parameter', 'needle-literal', '48151623', '<img src=x onerror=alert(1)>']

// Debian's package `chromium`, which .ci/run installs.
describe.skipIf(CHROMIUM === undefined)('in Chromium (skipped where chromium is not installed)', () => {
  let cluster: Cluster
  let pool: Pool
  let server: Server
  let url: string
  let browser: Browser
  let traffic: Promise<void>
  let isOver = false

  beforeAll(async () => {
    // What it runs is not known before it runs.
    const volatile = `create function price_of(int) returns int language plpgsql as
      'begin execute ''select 1''; return $1 * 2; end'`
    const [started, launched] = await Promise.all([
      startClusterWith({ replicas: 2 }, itemsTable(50), 'create table carts (id int)', volatile),
      startBrowser(),
    ])
    cluster = started
    browser = launched
    pool = poolOver(cluster, { probeIntervalMs: 100 })
    await replicasReady(pool)
    ;({ server, url } = await serve(pool))
    traffic = keepAsking()
  }, 120_000)

  afterAll(async () => {
    isOver = true
    await traffic
    await browser?.close()
    server?.close()
    await pool?.end()
    await cluster?.stop()
  })

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
  })

  /** Sends statements of several kinds, with needles among their parameters and constants, until the end. */
  async function keepAsking(): Promise<void> {
    while (!isOver) {
      await Promise.all([
        pool.query('select label from items where id = $1', [7]),
        pool.query('select count(*) from items where label <> $1', ['needle-parameter']),
        pool.query("select id from items where label = 'needle-literal' or id = 48151623"),
        pool.query(
          'select \'<img src=x onerror=alert(1)>\' as markup, label as "<b>bold</b>" from items limit 3',
        ),
        pool.query('select price_of(id) from items where id < 48151623'),
        pool.query('insert into carts values ($1)', [3]),
        pool.query("select ('needle-literal' || id)::int from items").catch(() => undefined),
      ])
      const reads = Array.from({ length: 8 }, (_, id) =>
        pool.query('select label from items where id = $1', [id]),
      )
      await Promise.all(reads)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options)
    return context.newPage()
  }

  /** Opens the page and waits for its data. */
  async function opened(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await open(options)
    await page.goto(url)
    await shows(page, '#latest-rows tbody tr')
    return page
  }

  const shows = (page: Page, selector: string): Promise<unknown> =>
    page.waitForSelector(selector, { timeout: 15_000 })

  test('shows every server, the traffic, and the latest statements with reasons', async () => {
    const page = await opened()
    expect(await page.title()).toBe('Shop')
    const rows = page.locator('#node-rows tbody tr')
    await until('all servers are there', async () => (await rows.count()) === 3)
    for (const node of [cluster.primary, ...cluster.replicas]) {
      const { host, port } = node.config
      const role = node === cluster.primary ? '■ primary' : '● replica'
      await until(`${port} is the ${role}`, async () =>
        (await rows.filter({ hasText: `${host}:${port}` }).innerText()).includes(role),
      )
    }
    await until('the curves have points', async () => {
      const points = await page.locator('.curve.load polyline').first().getAttribute('points')
      return (points ?? '').split(' ').length >= 2
    })
    const latest = await page.locator('#latest-rows').innerText()
    expect(latest).toContain('select label from items where id = $1')
    expect(latest).toContain('a proven read')
    const primary = await page.locator('#primary-rows').innerText()
    expect(primary).toContain('function-volatile')
    expect(primary).toContain('label it STABLE')
    expect(await page.locator('#notable-rows').innerText()).toContain('22P02')
    expect(await page.locator('#offload').innerText()).toMatch(/^\d+\.\d %$/)
    expect(await page.locator('#single').isVisible()).toBe(false)
  })

  test('shows no parameter and no constant, and texts never become markup', async () => {
    const page = await opened()
    await until('the failed statement is there', async () =>
      (await page.locator('#notable-rows').innerText()).includes('22P02'),
    )
    const shown = await page.content()
    const data = await (await page.request.get(`${url}/data`)).text()
    for (const needle of NEEDLES) {
      expect(shown).not.toContain(needle)
      expect(data).not.toContain(needle)
    }
    await until('a text that looks like markup is shown', async () =>
      (await page.locator('#latest-rows').innerText()).includes('<b>bold</b>'),
    )
    expect(await page.locator('td b, td img').count()).toBe(0)
  })

  test('asks only for itself and its data, breaks no rule of its policy and logs no error', async () => {
    const page = await open()
    const [complaints, requests] = [complaintsOf(page), requestsOf(page)]
    await page.goto(url)
    await until('it has asked again', () => requests.filter((each) => each === `${url}/data`).length >= 3)
    expect(new Set(requests.filter((each) => !each.startsWith('data:')))).toEqual(
      new Set([url, `${url}/data`]),
    )
    expect(complaints).toEqual([])

    const isRefused = await page.evaluate(async () => {
      const violated = new Promise((resolve) =>
        addEventListener('securitypolicyviolation', resolve, { once: true }),
      )
      const script = document.createElement('script')
      try {
        script.text = 'window.injected = true'
        document.body.append(script)
      } catch {
        // Trusted Types refuse the text itself.
      }
      await violated
      return !('injected' in window)
    })
    expect(isRefused).toBe(true)
  })

  test.each([320, 360, 768, 1280])('at %d pixels the page does not scroll sideways', async (width) => {
    const page = await opened({ viewport: { width, height: 740 } })
    await shows(page, '#primary-rows tbody tr')
    await shows(page, '#notable-rows tbody tr')
    expect(await sideways(page)).toBe(0)
  })

  test.each(['light', 'dark'] as const)('%s: every text has enough contrast', async (colorScheme) => {
    const page = await opened({ colorScheme, viewport: { width: 1180, height: 900 } })
    await shows(page, '#primary-rows tbody tr')
    const back = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    expect(back).toBe(colorScheme === 'dark' ? 'rgb(13, 17, 23)' : 'rgb(255, 255, 255)')
    expect(await faintTexts(page)).toEqual([])
  })

  test('can be used with the keyboard, in the order of the page', async () => {
    const page = await opened()
    const focused: string[] = []
    for (let each = 0; each < 7; each++) {
      await page.keyboard.press('Tab')
      focused.push(await page.evaluate(() => document.activeElement?.textContent ?? ''))
    }
    expect(focused).toEqual([
      'Pause',
      'Servers',
      'Traffic',
      'Waits and retries',
      'Latest statements',
      'SELECT statements on the primary',
      'Events',
    ])
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
    )
    expect(outline).toBe('solid')
  })

  test('"Pause" keeps the page as it is, and "Resume" goes on', async () => {
    const page = await opened()
    const requests = requestsOf(page)
    await page.locator('#pause').focus()
    await page.keyboard.press('Enter')
    expect(await page.locator('#pause').innerText()).toBe('Resume')
    expect(await page.locator('#status').innerText()).toBe('Paused.')
    const before = requests.length
    const frozen = await page.locator('main').innerText()
    // Longer than two intervals: that nothing happens shows only with time.
    await page.waitForTimeout(2_500)
    expect(await page.locator('main').innerText()).toBe(frozen)
    expect(requests.length - before).toBeLessThanOrEqual(1)
    await page.keyboard.press('Enter')
    await until('it goes on', async () => (await page.locator('main').innerText()) !== frozen)
  })

  test.each([360, 1280])(
    'at %d pixels a screen reader has tables with captions, headers and rows',
    async (width) => {
      const page = await opened({ viewport: { width, height: 740 } })
      const servers = page.getByRole('table', { name: /One row for each server/ })
      await until('it has all rows', async () => (await servers.getByRole('rowheader').count()) === 3)
      expect(await servers.getByRole('columnheader', { includeHidden: true }).count()).toBe(8)
      expect(await page.getByRole('status').getAttribute('aria-live')).toBe('polite')
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Shop')
      expect(await page.getByRole('heading', { level: 2 }).count()).toBe(6)
      expect(await page.getByRole('img', { name: /Curve of statements per second/ }).count()).toBe(3)
    },
  )

  test('nothing moves for those who want no motion', async () => {
    const page = await opened({ reducedMotion: 'reduce' })
    const durations = await page.evaluate(() =>
      [...document.querySelectorAll('*')].map((each) => getComputedStyle(each).transitionDuration),
    )
    expect(new Set(durations)).toEqual(new Set(['0s']))
  })

  test('a pool of one node says that it does not route', async () => {
    await using single = new Closing(new Pool({ ...cluster.primary.config, max: 7 }))
    await single.pool.query('select 1')
    const { server: own, url: address } = await serve(single.pool)
    const page = await open()
    const complaints = complaintsOf(page)
    await page.goto(address)
    await shows(page, '#node-rows tbody tr')
    expect(await page.locator('#single').isVisible()).toBe(true)
    expect(await page.locator('#node-rows tbody').innerText()).toMatch(/0 of 7 used\s+1 idle/)
    await single.pool.end()
    await until(
      'it says so',
      async () => (await page.locator('#status').innerText()) === 'The pool has ended.',
    )
    expect(complaints).toEqual([])
    own.close()
    own.closeAllConnections()
  })

  test('a replica that is killed becomes visible, is announced, and comes back', async () => {
    const page = await opened()
    const [replica] = cluster.replicas
    if (replica === undefined) throw new Error('There is no replica')
    const id = `${replica.config.host}:${replica.config.port}`
    const row = page.locator('#node-rows tbody tr').filter({ hasText: id })
    await replica.kill()
    await until('its row says so', async () => /✕ down/.test(await row.innerText()))
    await until('it is announced', async () =>
      (await page.getByRole('status').innerText()).startsWith(`${id} changed from`),
    )
    await until('the list of events has it', async () =>
      (await page.locator('#changes').innerText()).includes(`${id} changed from`),
    )
    expect(await faintTexts(page)).toEqual([])
    await replica.start()
    await until('it is back', async () => /● replica/.test(await row.innerText()), 20_000)
  })

  test('says when the program does not answer any more, and goes on when it does', async () => {
    const page = await opened()
    await page.route('**/data', (route) => route.abort())
    await until('it says so', async () =>
      (await page.locator('#status').innerText()).startsWith('The program does not answer since '),
    )
    await page.unroute('**/data')
    await until('it goes on', async () => (await page.locator('#status').innerText()) === '')
  })
})

class Closing implements AsyncDisposable {
  readonly pool: Pool

  constructor(pool: Pool) {
    this.pool = pool
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.pool.ended) await this.pool.end()
  }
}
