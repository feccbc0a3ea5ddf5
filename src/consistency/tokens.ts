import type { Platform } from '../platform/platform.ts'
import type { Position } from './position.ts'
import type { TokenSecret } from './token-signature.ts'
import { decodeToken, encodeToken, type DecodedToken } from './token.ts'

export interface TokensOptions {
  readonly platform: Platform
  /** Signs tokens; with a list the first one signs and all are believed. Absent: tokens are not signed. */
  readonly secret: TokenSecret | undefined
  /** How long a token of a position is good for, in milliseconds. */
  readonly ttlMs: number
  /** How long one that can name no position sends its session to the primary, in milliseconds. */
  readonly windowMs: number
}

/** Writes and reads tokens, by the clock on the wall: other processes have another one of their own. */
export class Tokens {
  readonly #options: TokensOptions

  constructor(options: TokensOptions) {
    this.#options = options
  }

  /**
   * @param position Where the session is; absent when that cannot be had
   * @param isShown Whether the primary shows all that the session has seen
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

  /** A moment on the wall's clock by the platform's own. */
  onOwnClock(wallMs: number): number {
    const { platform } = this.#options
    return platform.now() + wallMs - platform.wallNowMs()
  }
}
