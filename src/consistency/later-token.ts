import { later } from './position.ts'
import { peekToken, type TokenContent } from './token.ts'

/**
 * Which of one user's tokens to keep: `known`, or `heard`, which came later. Gives one of the two texts, because a new
 * one would have to be signed.
 *
 * Of two positions it is the one that implies the other, of two times the later one. Of one each it is the one that came
 * later: a position that is asked for after a write without a floor implies it, and a write without a floor is implied by no earlier
 * position. Only two writes that one user makes at the same time, one of them without a floor, can lose one to the other.
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
