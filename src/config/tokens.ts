import { secretsOf, type TokenSecret } from '../consistency/token-signature.ts'
import { LONGEST_TIMER_MS } from './limits.ts'
import { checkNames, checkObject, numberOption } from './validate.ts'

const NAMES: ReadonlySet<string> = new Set(['secret', 'ttlMs'])

export interface ResolvedTokenOptions {
  readonly secret: TokenSecret | undefined
  readonly ttlMs: number
}

export function tokensOf(tokens: unknown): ResolvedTokenOptions {
  if (tokens !== undefined) checkObject('tokens', tokens)
  checkNames(tokens ?? {}, NAMES, 'tokens')
  const { secret, ttlMs }: { secret?: unknown; ttlMs?: unknown } = tokens ?? {}
  return {
    secret: secret === undefined ? undefined : secretsOf('tokens.secret', secret),
    ttlMs: numberOption('tokens.ttlMs', ttlMs, 300_000, { min: 1000, max: LONGEST_TIMER_MS }),
  }
}
