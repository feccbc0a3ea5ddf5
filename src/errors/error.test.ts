import { describe, expect, it } from 'vitest'
import { SwitchyardError } from './error.ts'

describe('SwitchyardError', () => {
  it('is an Error with a name and a code to tell it by', () => {
    const error = new SwitchyardError('SWITCHYARD_NO_PRIMARY', 'No primary found')
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'SwitchyardError',
      code: 'SWITCHYARD_NO_PRIMARY',
      message: 'No primary found',
      retryable: false,
    })
    expect(error).not.toHaveProperty('cause')
    expect(String(error)).toBe('SwitchyardError: No primary found')
  })

  it('keeps its cause, and says whether to try again', () => {
    const cause = new Error('connect ECONNREFUSED')
    const error = new SwitchyardError('SWITCHYARD_NO_PRIMARY', 'No primary found', { cause, retryable: true })
    expect(error).toMatchObject({ cause, retryable: true })
  })
})
