import { describe, expect, test } from 'vitest'
import { isTargetedCacheControl, privateCacheControl, varyWith } from './caching.ts'

describe('privateCacheControl', () => {
  test('does not take longer with the square of the white space', () => {
    const spaces = ' '.repeat(200_000)
    expect(privateCacheControl(`a=${spaces}"`)).toBe('private, no-store')
    expect(privateCacheControl(`public =${spaces}"1", a = ${spaces}`)).toMatch(/^private, a =\s*$/)
  })

  test.each<readonly [given: string, becomes: string]>([
    ['', 'private'],
    ['private', 'private'],
    ['public', 'private'],
    ['public, max-age=31536000, immutable', 'private, max-age=31536000, immutable'],
    ['max-age=60', 'private, max-age=60'],
    ['s-maxage=600, max-age=60', 'private, max-age=60'],
    ['PUBLIC,S-MaxAge=600 , Max-Age=60', 'private, Max-Age=60'],
    ['s-maxage = "600", max-age=60', 'private, max-age=60'],
    ['no-store', 'private, no-store'],
    ['no-store, must-understand', 'private, no-store'],
    ['no-cache, must-revalidate, proxy-revalidate', 'private, no-cache, must-revalidate'],
    ['private="set-cookie, x-other", max-age=5', 'private, max-age=5'],
    ['no-cache="set-cookie, x-other", public', 'private, no-cache="set-cookie, x-other"'],
    ['community="a \\" public, b", public', 'private, community="a \\" public, b"'],
    ['stale-while-revalidate=30, public', 'private, stale-while-revalidate=30'],
    [', ,public,,max-age=1,', 'private, max-age=1'],
    ['max-age=60, s-maxage="600', 'private, no-store'],
    ['max-age 60', 'private, no-store'],
    ['"public"', 'private, no-store'],
    ['=', 'private, no-store'],
  ])('%j', (given, becomes) => {
    expect(privateCacheControl(given)).toBe(becomes)
  })
})

describe('varyWith', () => {
  test.each<readonly [given: string, becomes: string]>([
    ['', 'Cookie, x-token'],
    ['Accept-Encoding', 'Accept-Encoding, Cookie, x-token'],
    ['cookie', 'cookie, x-token'],
    ['X-Token , COOKIE', 'X-Token, COOKIE'],
    ['*', '*'],
    ['Accept, *', 'Accept, *'],
  ])('%j', (given, becomes) => {
    expect(varyWith(given, ['Cookie', 'x-token'])).toBe(becomes)
  })
})

test.each<readonly [name: string, isTargeted: boolean]>([
  ['cdn-cache-control', true],
  ['CDN-Cache-Control', true],
  ['vercel-cdn-cache-control', true],
  ['cloudflare-cdn-cache-control', true],
  ['surrogate-control', true],
  ['x-accel-expires', true],
  ['edge-control', true],
  ['x-litespeed-cache-control', true],
  ['cache-control', false],
  ['x-accel-redirect', false],
  ['surrogate-key', false],
])('a header %s gives a shared cache orders of its own: %s', (name, isTargeted) => {
  expect(isTargetedCacheControl(name)).toBe(isTargeted)
})
