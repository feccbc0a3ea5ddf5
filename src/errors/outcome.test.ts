import { describe, expect, it } from 'vitest'
import { outcomeOf, withOutcome } from './outcome.ts'
import { fencedError } from '../execution/fenced-error.ts'

describe('withOutcome', () => {
  it('notes what is known on the error itself', () => {
    const error = new Error('Connection terminated')
    expect(withOutcome(error, 'unknown')).toBe(error)
    expect(outcomeOf(error)).toBe('unknown')
  })

  it('the first recorded outcome stays', () => {
    const error = withOutcome(new Error('gone'), 'not-sent')
    expect(outcomeOf(withOutcome(error, 'unknown'))).toBe('not-sent')
  })

  it('leaves an error alone that cannot take it', () => {
    const error = Object.freeze(new Error('frozen'))
    expect(withOutcome(error, 'unknown')).toBe(error)
    expect(outcomeOf(error)).toBeUndefined()
  })
})

describe('outcomeOf', () => {
  it.each<[string, unknown]>([
    ['an error that says nothing', new Error('syntax error')],
    ['an error of somebody who says something else', Object.assign(new Error('no'), { outcome: 'maybe' })],
    ['no error', { outcome: 'unknown' }],
    ['nothing', undefined],
  ])('%s: nothing is known', (_name, error) => {
    expect(outcomeOf(error)).toBeUndefined()
  })
})

it('a statement that a fenced client did not send may be repeated', () => {
  const error = fencedError('p')
  expect(error).toMatchObject({ code: 'SWITCHYARD_FENCED', retryable: true, outcome: 'rolled-back' })
  expect(error.message).toContain('p is no longer the primary')
})
