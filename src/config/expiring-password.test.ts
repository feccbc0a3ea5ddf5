import { beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { expiringPassword, type ExpiringPassword, type LoginTarget } from './expiring-password.ts'

const A = { host: 'a', port: 5432, user: 'app', database: 'db' }
const B = { ...A, host: 'b' }

let nowMs: number
let fetched: LoginTarget[]
/** How the next fetches end; by default with a new password for ten minutes. */
let failure: Error | undefined

beforeEach(() => {
  nowMs = 1_000_000
  fetched = []
  failure = undefined
})

async function fetch(target: LoginTarget): Promise<ExpiringPassword> {
  fetched.push(target)
  if (failure !== undefined) throw failure
  return { password: `${target.host} ${fetched.length}`, expiresAt: nowMs + 600_000 }
}

const open = (): ReturnType<typeof expiringPassword> => expiringPassword(fetch, { now: () => nowMs })

describe('a password that expires', () => {
  it('is kept for each server and user', async () => {
    const password = open()
    expect(await Promise.all([A, B, { ...A, user: 'other' }, A].map((each) => password(each)))).toEqual([
      'a 1',
      'b 2',
      'a 3',
      'a 1',
    ])
    expect(await password(A)).toBe('a 1')
    expect(fetched).toEqual([A, B, { ...A, user: 'other' }])
  })

  it('is replaced in the background before its expiry', async () => {
    const password = open()
    await password(A)
    nowMs += 540_000
    expect(await password(A)).toBe('a 1')
    await settle()
    expect([await password(A), fetched.length]).toEqual(['a 2', 2])
  })

  it('is never used after its expiry', async () => {
    const password = open()
    await password(A)
    nowMs += 600_000
    expect(await password(A)).toBe('a 2')
  })

  it('stays in use while another one cannot be had, until it expires', async () => {
    const password = open()
    await password(A)
    failure = new Error('vault is sealed')
    nowMs += 550_000
    expect(await password(A)).toBe('a 1')
    await settle()
    expect(await password(A)).toBe('a 1')
    await settle()
    nowMs += 50_000
    await expect(password(A)).rejects.toMatchObject({
      code: 'SWITCHYARD_NO_PASSWORD',
      message: 'No password for user "app" at a:5432',
      cause: failure,
      retryable: true,
    })
    failure = undefined
    expect(await password(A)).toMatch(/^a /)
  })

  it('that is not answered is fetched again for the next connection, and a late answer counts', async () => {
    const answers: ((given: ExpiringPassword) => void)[] = []
    const silent = (): Promise<ExpiringPassword> => new Promise((resolve) => answers.push(resolve))
    const password = expiringPassword(silent, { timeoutMs: 1, now: () => nowMs })
    const outcomes = await Promise.allSettled([password(A), password(A)])
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toMatchObject(
      [1, 2].map(() => ({
        code: 'SWITCHYARD_NO_PASSWORD',
        retryable: true,
        cause: { message: 'The function "fetch" has not answered within 1 ms' },
      })),
    )
    const next = password(A)
    expect(answers).toHaveLength(2)
    answers[1]?.({ password: 'second', expiresAt: nowMs + 600_000 })
    expect(await next).toBe('second')
    answers[0]?.({ password: 'first', expiresAt: nowMs + 500_000 })
    await settle()
    expect(await password(A)).toBe('second')
    nowMs += 600_000
    await expect(password(A)).rejects.toMatchObject({ code: 'SWITCHYARD_NO_PASSWORD' })
    answers[2]?.({ password: 'late', expiresAt: nowMs + 600_000 })
    await settle()
    expect(await password(A)).toBe('late')
  })

  it.each<readonly [what: string, given: unknown, received: string]>([
    ['nothing', undefined, 'Received "password" of type undefined and "expiresAt" of type undefined'],
    ['a bare string', 'secret', 'Received "password" of type undefined'],
    ['an empty one', { password: '', expiresAt: 1 }, 'Received "password" of type string'],
    ['no time', { password: 'secret' }, '"expiresAt" of type undefined'],
    ['no valid time', { password: 'secret', expiresAt: 'soon' }, '"expiresAt" of type string'],
  ])('is refused without being shown: %s', async (_what, given, received) => {
    const password = expiringPassword(() => given as ExpiringPassword)
    const error = await password(A).catch((thrown: Error) => thrown)
    const { cause } = error as Error
    expect((cause as Error).message).toContain(received)
    expect(`${String(error)} ${String(cause)}`).not.toContain('secret')
  })

  it('takes no expiry that is a string, a server that is not known, or wrong options', async () => {
    await expect(open()(undefined)).rejects.toMatchObject({ code: 'SWITCHYARD_NO_PASSWORD' })
    expect(() => expiringPassword('secret' as never)).toThrow('Option "fetch" must be a function')
    expect(() => expiringPassword(fetch, { refreshBeforeMs: -1 })).toThrow(
      'Option "refreshBeforeMs" must be a number at least 0; received -1',
    )
    expect(() => expiringPassword(fetch, { refresh: 1 } as never)).toThrow('Unknown option "refresh"')
  })
})
