import { describe, expect, it } from 'vitest'
import { lanesOf, prepareOf } from './sharing.ts'

describe('lanes and prepare', () => {
  it('have defaults, and can be switched off', () => {
    expect([lanesOf(undefined), lanesOf(false)]).toEqual([{ perNode: 2, maxInFlight: 128 }, undefined])
    expect([prepareOf(undefined), prepareOf(false)]).toEqual([{ after: 5, max: 100 }, undefined])
  })

  it('take what is given', () => {
    expect(lanesOf({ perNode: 1 })).toEqual({ perNode: 1, maxInFlight: 128 })
    expect(prepareOf({ after: 3, max: 7 })).toEqual({ after: 3, max: 7 })
  })

  it.each<readonly [of: (value: unknown) => unknown, value: unknown, message: RegExp]>([
    [lanesOf, true, /"lanes" must be an object; received true/],
    [lanesOf, { perNode: 0 }, /"lanes\.perNode" must be a number at least 1; received 0/],
    [lanesOf, { maxInFlight: 0 }, /"lanes\.maxInFlight" must be a number at least 1; received 0/],
    [lanesOf, { perNodes: 1 }, /Unknown option "perNodes" of lanes\. Did you mean "perNode"/],
    [prepareOf, 5, /"prepare" must be an object; received 5/],
    [prepareOf, { after: 1 }, /"prepare\.after" must be a number at least 2; received 1/],
    [prepareOf, { max: 0 }, /"prepare\.max" must be a number at least 1; received 0/],
    [prepareOf, { size: 1 }, /Unknown option "size" of prepare/],
  ])('%o refuses %o', (of, value, message) => expect(() => of(value)).toThrow(message))
})
