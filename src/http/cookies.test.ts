import { describe, expect, it, test } from 'vitest'
import { FakeSessionPool, tokenAtOnce } from '../../test/support/http-bench.ts'
import type { CookieJar, CookieOptions, JarAttributes } from './index.ts'
import { sessionCookies } from './index.ts'

class Jar implements CookieJar {
  readonly set_: (readonly [name: string, value: string, attributes: JarAttributes])[] = []
  readonly #found: string | { readonly value: string } | undefined

  constructor(found?: string | { readonly value: string }) {
    this.#found = found
  }

  get(name: string): string | { readonly value: string } | undefined {
    return name === 'switchyard' ? this.#found : undefined
  }

  set(name: string, value: string, attributes: JarAttributes): void {
    this.set_.push([name, value, attributes])
  }
}

const ATTRIBUTES: JarAttributes = { path: '/', httpOnly: true, sameSite: 'lax', secure: false }

describe('sessionCookies', () => {
  test.each([
    ['of Next.js', { value: 'mine' }, 'mine'],
    ['of SvelteKit', 'mine', 'mine'],
    ['without a cookie', undefined, undefined],
    ['with an empty one', '', undefined],
    ['with one that is too long', 'A'.repeat(5000), 'A'.repeat(73)],
  ])('takes the token from cookies %s', async (_, found, token) => {
    const pool = new FakeSessionPool()
    const jar = new Jar(found)
    expect(await sessionCookies({ pool })(jar, () => 'read')).toBe('read')
    expect([pool.received, jar.set_, pool.timeouts]).toEqual([[token], [], []])
  })

  it('sets the cookie of a session that wrote', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const jar = new Jar()
    const cookieAttributes = { domain: 'example.org', sameSite: 'None', secure: true } as const
    const inSession = sessionCookies({ pool, holdMs: 70, cookie: 'mine', cookieAttributes })
    const result = await inSession(jar, async () => {
      await Promise.resolve()
      pool.write()
      return 7
    })
    expect(result).toBe(7)
    expect(pool.timeouts).toEqual([70])
    expect(jar.set_).toEqual([
      ['mine', 'token', { ...ATTRIBUTES, domain: 'example.org', sameSite: 'none', secure: true }],
    ])
  })

  it('sets it when the code throws, as for a redirect', async () => {
    const pool = new FakeSessionPool(tokenAtOnce)
    const jar = new Jar()
    const redirect = sessionCookies({ pool })(jar, () => {
      pool.write()
      throw new Error('NEXT_REDIRECT')
    })
    await expect(redirect).rejects.toThrow('NEXT_REDIRECT')
    expect(jar.set_).toEqual([['switchyard', 'token', ATTRIBUTES]])
  })

  test.each<readonly [what: string, answer: () => Promise<string | undefined>, set: () => void]>([
    ['no token', () => Promise.resolve(undefined), () => undefined],
    ['an error in place of a token', () => Promise.reject(new Error('ended')), () => undefined],
    [
      'cookies that can only be read',
      tokenAtOnce,
      () => {
        throw new Error('read only')
      },
    ],
  ])('%s: the result counts', async (_, answer, set) => {
    const pool = new FakeSessionPool(answer)
    const write = (): string => {
      pool.write()
      return 'written'
    }
    expect(await sessionCookies({ pool })({ get: () => undefined, set }, write)).toBe('written')
  })

  it('gives settings the cookies', async () => {
    const pool = new FakeSessionPool()
    const inSession = sessionCookies<Jar>({
      pool,
      settings: (jar) => {
        throw new Error(`no tenant in ${jar.constructor.name}`)
      },
    })
    await expect(inSession(new Jar(), () => 1)).rejects.toThrow('no tenant in Jar')
  })

  test.each<readonly [options: unknown, message: string]>([
    [undefined, 'Option "options" must be an object; received undefined'],
    [{}, 'Option "pool" must be an object with a method "withSession"'],
    [{ pool: new FakeSessionPool(), header: 'x' }, 'Option "header" must be absent'],
    [{ pool: new FakeSessionPool(), cookie: false }, 'must not both be false'],
  ])('%j is refused', (options, message) => {
    expect(() => sessionCookies(options as CookieOptions)).toThrow(message)
  })
})
