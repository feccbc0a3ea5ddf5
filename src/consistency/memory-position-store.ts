import { LRUCache } from 'lru-cache'
import { SwitchyardError } from '../errors/error.ts'
import type { Platform } from '../platform/platform.ts'
import { systemPlatform } from '../platform/system.ts'
import { laterToken } from './later-token.ts'
import type { PositionStore } from './position-store.ts'

/**
 * Options of `memoryPositionStore()`.
 *
 * @example
 * const options: MemoryPositionStoreOptions = {}
 */
export interface MemoryPositionStoreOptions {
  /**
   * Maximum number of users. Beyond it the least recently used entry is dropped, and that user reads as if they had not
   * written. @defaultValue 10000
   */
  readonly maxEntries?: number
  /** Clock for the expiry of entries. @defaultValue the machine's clock */
  readonly platform?: Pick<Platform, 'now'>
}

/**
 * Creates a store in memory, for a single process and for tests.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` unless `maxEntries` is a whole number above 0.
 * @example
 * const store = memoryPositionStore()
 * await store.set('user 7', token, 60_000)
 */
export function memoryPositionStore(options: MemoryPositionStoreOptions = {}): PositionStore {
  const { maxEntries = 10_000, platform = systemPlatform } = options
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
    throw new SwitchyardError(
      'SWITCHYARD_INVALID_OPTION',
      `Option "maxEntries" must be a whole number of at least 1; received ${String(maxEntries)}`,
    )
  }
  // A resolution of 0 keeps the cache from setting timers of its own.
  const tokens = new LRUCache<string, string>({ max: maxEntries, ttlResolution: 0, perf: platform })
  return {
    get: (key) => Promise.resolve(tokens.get(key)),
    set(key, token, ttlMs) {
      const known = tokens.get(key)
      if (known === undefined) tokens.set(key, token, { ttl: ttlMs })
      else tokens.set(key, laterToken(known, token), { ttl: Math.max(tokens.getRemainingTTL(key), ttlMs) })
      return Promise.resolve()
    },
  }
}
