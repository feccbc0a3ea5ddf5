import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { inThisContext } from './async-context.ts'

describe('inThisContext', () => {
  const storage = new AsyncLocalStorage<string>()

  it('runs in the context in which it was made, not in that of the caller', () => {
    const bound = storage.run('mine', () =>
      inThisContext((tell: (seen?: string) => void) => tell(storage.getStore())),
    )
    const seen: unknown[] = []
    storage.run('another', () => {
      bound((store) => seen.push(store))
      seen.push(storage.getStore())
    })
    bound((store) => seen.push(store))
    expect(seen).toEqual(['mine', 'another', 'mine'])
  })

  it('made outside of any context, it runs outside of any', () => {
    let seen: string | undefined = 'nothing'
    const bound = inThisContext(() => (seen = storage.getStore()))
    storage.run('another', bound)
    expect(seen).toBeUndefined()
  })

  it('passes arguments on, and lets errors through', () => {
    const bound = inThisContext((code: number, text: string) => {
      throw new Error(`${code} ${text}`)
    })
    expect(() => bound(5, 'five')).toThrow('5 five')
  })
})
