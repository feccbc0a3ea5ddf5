import type { ResolvedOptions } from '../config/resolved-options.ts'
import type { Consistency } from '../consistency/mode.ts'
import type { Position } from '../consistency/position.ts'
import type { TokenContent, TokenRejection } from '../consistency/token.ts'
import { Tokens } from '../consistency/tokens.ts'
import type { Platform } from '../platform/platform.ts'

/** The tokens by which sessions come from other processes, and go there. */
export class SessionTokens {
  readonly #resolved: ResolvedOptions
  readonly #platform: Platform
  readonly #rejected: (reason: TokenRejection) => void
  readonly #tokens: Tokens

  constructor(resolved: ResolvedOptions, platform: Platform, rejected: (reason: TokenRejection) => void) {
    this.#resolved = resolved
    this.#platform = platform
    this.#rejected = rejected
    this.#tokens = new Tokens({ ...resolved.tokens, platform, windowMs: resolved.windowMs })
  }

  /** @param isShown Whether the primary shows all that the session has seen. */
  write(position: Position | undefined, isShown: boolean): string | undefined {
    return this.#tokens.write(position, isShown)
  }

  /** The content of a token that can be believed. */
  contentOf(token: string | undefined, systemIdentifier: string | undefined): TokenContent | undefined {
    if (token === undefined) return undefined
    const decoded = this.#tokens.read(token, systemIdentifier)
    if ('token' in decoded) return decoded.token
    this.#rejected(decoded.rejected)
    return undefined
  }

  /** Until when (our clock, milliseconds) a session that starts with this token reads from the primary. */
  primaryUntilMs(
    content: TokenContent | undefined,
    consistency: Consistency | undefined,
  ): number | undefined {
    if (content?.kind === 'primary') return this.#tokens.onOwnClock(content.expiresAtMs)
    // A position does not tell the time of the write.
    const isByTime = content !== undefined && (consistency ?? this.#resolved.consistency) === 'window'
    return isByTime ? this.#platform.now() + this.#resolved.windowMs : undefined
  }
}
