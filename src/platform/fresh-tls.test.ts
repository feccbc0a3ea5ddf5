import type { ClientConfig } from 'pg'
import { describe, expect, it } from 'vitest'
import { tlsSource, withFreshTls } from './fresh-tls.ts'

describe('the option "ssl" as a function', () => {
  it('is called for each connection', () => {
    let ca = 'first'
    const options: ClientConfig = { host: 'h', ssl: tlsSource(() => ({ ca })) }
    expect(withFreshTls(options)).toEqual({ host: 'h', ssl: { ca: 'first' } })
    ca = 'second'
    expect(withFreshTls(options)).toEqual({ host: 'h', ssl: { ca: 'second' } })
  })

  it('returns the former value when it fails, except the first time', () => {
    let isMissing = true
    const options: ClientConfig = {
      ssl: tlsSource(() => {
        if (isMissing) throw new Error('ENOENT')
        return { ca: 'first' }
      }),
    }
    expect(() => withFreshTls(options)).toThrow('ENOENT')
    isMissing = false
    withFreshTls(options)
    isMissing = true
    expect(withFreshTls(options).ssl).toEqual({ ca: 'first' })
  })

  it('leaves the password where it does not show', () => {
    const given = Object.defineProperty({ ssl: tlsSource(() => true) }, 'password', {
      value: 'secret',
    }) as ClientConfig
    const options = withFreshTls(given)
    expect([options.password, Object.keys(options)]).toEqual(['secret', ['ssl']])
  })

  it('leaves other options as they are', () => {
    for (const options of [{}, { ssl: true }, { ssl: { ca: 'x' } }])
      expect(withFreshTls(options)).toBe(options)
  })
})
