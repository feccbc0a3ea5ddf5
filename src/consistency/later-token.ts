import { later } from './position.ts'
import { peekToken, type TokenContent } from './token.ts'

/**
 * Returns the later of a user's tokens: `known`, or `heard`, which arrived later. Always returns one of the two texts,
 * since a new one would have to be signed.
 *
 * Of two positions it is the one that implies the other; of two expiry times, the later one. Of one of each it is the
 * one that arrived later. A position requested after a write without a floor implies that write, and no earlier
 * position does. Only of two simultaneous writes of one user, one without a floor, may one get lost.
 *
 * @example
 * const token = laterToken(known, heard)
 */
export function laterToken(known: string, heard: string): string {
  const [before, now] = [peekToken(known), peekToken(heard)]
  if (before === undefined || now === undefined) return before === undefined ? heard : known
  return isLater(before, now) ? known : heard
}

function isLater(known: TokenContent, heard: TokenContent): boolean {
  if (known.kind === 'primary' && heard.kind === 'primary') return known.expiresAtMs > heard.expiresAtMs
  if (known.kind !== 'position' || heard.kind !== 'position') return false
  return later(known.position, heard.position) === known.position
}
