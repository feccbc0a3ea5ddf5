import { describe, expect, it } from 'vitest'
import { beginOf, checkTransactionOptions, type TransactionOptions } from './transaction-options.ts'

describe('the statement that begins a transaction', () => {
  it.each<[TransactionOptions, string]>([
    [{}, 'BEGIN'],
    [{ retries: 3 }, 'BEGIN'],
    [{ readOnly: true }, 'BEGIN READ ONLY'],
    [{ readOnly: false }, 'BEGIN READ WRITE'],
    [{ isolation: 'repeatable read', readOnly: true }, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'],
    [
      { isolation: 'serializable', readOnly: true, deferrable: true },
      'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE',
    ],
    [{ isolation: undefined, deferrable: false }, 'BEGIN NOT DEFERRABLE'],
  ])('of %j is %s', (options, expected) => {
    checkTransactionOptions(options)
    expect(beginOf(options)).toBe(expected)
  })
})

describe('options of a transaction that are wrong', () => {
  it.each<[unknown, string, RegExp]>([
    [null, 'SWITCHYARD_INVALID_OPTION', /"transaction" must be an object; received null/],
    [{ readonly: true }, 'SWITCHYARD_UNKNOWN_OPTION', /"readonly" of a transaction.*"readOnly"/],
    [
      { isolation: 'snapshot' },
      'SWITCHYARD_INVALID_OPTION',
      /"isolation".*"serializable"; received "snapshot"/,
    ],
    [{ isolation: 'serializable; drop table t' }, 'SWITCHYARD_INVALID_OPTION', /"isolation"/],
    [{ isolation: 'SERIALIZABLE' }, 'SWITCHYARD_INVALID_OPTION', /"isolation"/],
    [{ readOnly: 1 }, 'SWITCHYARD_INVALID_OPTION', /"readOnly".*true or false; received 1/],
    [{ deferrable: 'yes' }, 'SWITCHYARD_INVALID_OPTION', /"deferrable".*true or false; received "yes"/],
    [{ retries: -1 }, 'SWITCHYARD_INVALID_OPTION', /"retries".*integer from 0 to 100; received -1/],
    [{ retries: 1.5 }, 'SWITCHYARD_INVALID_OPTION', /"retries".*received 1\.5/],
    [{ retries: 101 }, 'SWITCHYARD_INVALID_OPTION', /"retries".*received 101/],
    [{ retries: Infinity }, 'SWITCHYARD_INVALID_OPTION', /"retries".*received Infinity/],
  ])('%j', (options, code, message) => {
    const check = (): void => checkTransactionOptions(options as TransactionOptions)
    expect(check).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })
})
