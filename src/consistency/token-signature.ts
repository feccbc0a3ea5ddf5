import { createHmac, timingSafeEqual } from 'node:crypto'
import { SwitchyardError } from '../errors/error.ts'

/** One secret, or several during a rotation: the first one signs, all of them verify. */
export type TokenSecret = string | readonly string[]

export const SIGNATURE_BYTES = 16
const SHORTEST_SECRET = 16
/** Domain separation: signatures that the application makes with the same secret are not valid tokens. */
const PURPOSE = 'pg-switchyard token\0'

/**
 * Validates the secrets of an option.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` unless it is a string of at least 16 characters or a non-empty
 * list of such strings. The message does not contain the secret.
 */
export function secretsOf(name: string, secret: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0) throw invalid(name, 'an empty list')
  return secrets.map((one) => {
    if (typeof one !== 'string') throw invalid(name, one === null ? 'null' : `${typeof one} in place of text`)
    if (one.length < SHORTEST_SECRET) throw invalid(name, `a text of ${one.length} characters`)
    return one
  })
}

function invalid(name: string, received: string): SwitchyardError {
  return new SwitchyardError(
    'SWITCHYARD_INVALID_OPTION',
    `Option "${name}" must be a text of at least ${SHORTEST_SECRET} characters, or a list of such; received ${received}`,
  )
}

/** HMAC-SHA-256 (RFC 2104), truncated to its first 16 bytes as RFC 2104 section 5 allows. */
export function signatureOf(content: Uint8Array, secret: TokenSecret): Uint8Array {
  const signing = typeof secret === 'string' ? secret : secret[0]
  if (signing === undefined) throw invalid('secret', 'an empty list')
  return hmac(content, signing)
}

/** Whether one of the secrets has signed the content. Compares in constant time. */
export function isSignedBy(content: Uint8Array, signature: Uint8Array, secret: TokenSecret): boolean {
  const secrets = typeof secret === 'string' ? [secret] : secret
  return secrets.some((one) => timingSafeEqual(hmac(content, one), signature))
}

function hmac(content: Uint8Array, secret: string): Uint8Array {
  return createHmac('sha256', secret).update(PURPOSE).update(content).digest().subarray(0, SIGNATURE_BYTES)
}
