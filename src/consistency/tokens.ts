import type { Platform } from '../platform/platform.ts'
import type { Position } from './position.ts'
import type { TokenSecret } from './token-signature.ts'
import { decodeToken, encodeToken, type DecodedToken } from './token.ts'

export interface TokensOptions {
  readonly platform: Platform
  /** Signs tokens; of a list the first one signs and all verify. Absent: tokens are not signed. */
  readonly secret: TokenSecret | undefined
  /** Lifetime of a token with a position, in milliseconds. */
  readonly ttlMs: number
  /** Lifetime of a token without a position, which sends its session to the primary, in milliseconds. */
  readonly windowMs: number
}

/** Encodes and decodes tokens with wall-clock times, since monotonic clocks differ between processes. */
export class Tokens {
  readonly #options: TokensOptions

  constructor(options: TokensOptions) {
    this.#options = options
  }

  /**
   * @param position The session's position; absent when unknown
   * @param isShown Whether the primary shows everything that the session has seen
   */
  write(position: Position | undefined, isShown: boolean): string {
    const { platform, secret, ttlMs, windowMs } = this.#options
    const nowMs = platform.wallNowMs()
    const common = isShown ? {} : { isUnshown: true as const }
    return position === undefined
      ? encodeToken({ ...common, kind: 'primary', expiresAtMs: nowMs + windowMs }, { secret })
      : encodeToken({ ...common, kind: 'position', position, expiresAtMs: nowMs + ttlMs }, { secret })
  }

  read(text: string, systemIdentifier: string | undefined): DecodedToken {
    const { platform, secret, ttlMs, windowMs } = this.#options
    return decodeToken(text, {
      secret,
      systemIdentifier,
      nowMs: platform.wallNowMs(),
      maxAheadMs: Math.max(ttlMs, windowMs),
    })
  }

  /** Converts a wall-clock time to the platform's monotonic clock. */
  onOwnClock(wallMs: number): number {
    const { platform } = this.#options
    return platform.now() + wallMs - platform.wallNowMs()
  }
}
