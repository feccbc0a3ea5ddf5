import type { PoolClient } from 'pg'

/**
 * Custom settings (those with a dot in their name) that connections have had from sessions. PostgreSQL keeps such a
 * setting for the life of the connection: it is empty afterwards, and no longer NULL. So a connection that has had one
 * may only serve callers who set it themselves.
 */
export class CustomSettings {
  /** Names by connection; `false` for a name that had a value before a session set it, and has that value again. */
  readonly #names = new WeakMap<PoolClient, Map<string, boolean>>()
  #isUsed = false

  /** True once a session has made a custom setting. Before that every connection suits every caller. */
  get isUsed(): boolean {
    return this.#isUsed
  }

  /** Returns those of the names that were never set on this connection. */
  unknown(client: PoolClient, names: ReadonlySet<string>): readonly string[] {
    const known = this.#names.get(client)
    return known === undefined ? [...names] : [...names].filter((name) => !known.has(name))
  }

  /** Records that these settings are about to be made. */
  mark(client: PoolClient, names: Iterable<string>): void {
    let known = this.#names.get(client)
    for (const name of names) {
      if (known === undefined) this.#names.set(client, (known = new Map()))
      if (!known.has(name)) known.set(name, true)
      this.#isUsed = true
    }
  }

  /** Records that a setting had a value before it was made for the first time, so that it is not left empty. */
  hadValue(client: PoolClient, name: string): void {
    this.#names.get(client)?.set(name, false)
  }

  /** Returns how well the connection suits a caller who sets these names and no others. */
  suitability(client: PoolClient, names: ReadonlySet<string>): Suitability {
    if (!this.#isUsed) return 2
    const known = this.#names.get(client)
    if (known === undefined) return names.size === 0 ? 2 : 1
    for (const [name, isLeft] of known) if (isLeft && !names.has(name)) return 0
    for (const name of names) if (!known.has(name)) return 1
    return 2
  }

  /** Whether a caller who sets these names, and no others, may use the connection. */
  suits(client: PoolClient, names: ReadonlySet<string>): boolean {
    return this.suitability(client, names) > 0
  }
}

/** How well a connection suits a caller: not at all; well; and well without another setting left on it. */
export type Suitability = 0 | 1 | 2

/** The names of a caller without custom settings. */
export const NO_NAMES: ReadonlySet<string> = new Set()
