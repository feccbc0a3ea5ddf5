import { describe, expect, it } from 'vitest'
import { refusalOf } from './access.ts'

const local = { host: 'localhost:3000' }

describe('without "authorize", a request from this machine is let in', () => {
  it.each([
    ['127.0.0.1', 'localhost:3000'],
    ['127.8.9.10', '127.0.0.1'],
    ['::1', '[::1]:3000'],
    ['::ffff:127.0.0.1', 'LOCALHOST'],
  ])('from %s to %s', (remoteAddress, host) => {
    expect(refusalOf({ headers: { host }, socket: { remoteAddress } })).toBeUndefined()
  })

  it('over HTTP/2, which names the host in ":authority"', () => {
    const headers = { ':authority': 'localhost:3000' }
    expect(refusalOf({ headers, socket: { remoteAddress: '::1' } })).toBeUndefined()
  })
})

describe('every other request is refused', () => {
  it.each(['10.0.0.1', '::ffff:10.0.0.1', '1127.0.0.1', '127.0.0.1.evil', '2001:db8::1', '', undefined])(
    'from %s',
    (remoteAddress) => {
      expect(refusalOf({ headers: local, socket: { remoteAddress } })).toBe('it comes from another machine')
    },
  )

  it.each([
    'forwarded',
    'via',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-real-ip',
    'x-client-ip',
    'x-original-host',
    'cf-connecting-ip',
    'true-client-ip',
  ])('with the header %s', (name) => {
    const headers = { ...local, [name]: '127.0.0.1' }
    expect(refusalOf({ headers, socket: { remoteAddress: '127.0.0.1' } })).toBe('it comes through a proxy')
  })

  it.each([
    'evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    '127.0.0.1.nip.io',
    '',
    undefined,
  ])('to the host %s', (host) => {
    const headers = host === undefined ? {} : { host }
    expect(refusalOf({ headers, socket: { remoteAddress: '127.0.0.1' } })).toBe(
      'its Host header is not local',
    )
  })
})
