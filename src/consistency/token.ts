import type { Position, Progress } from './position.ts'
import { reaches } from './position.ts'
import { isSignedBy, SIGNATURE_BYTES, signatureOf, type TokenSecret } from './token-signature.ts'

/** Content of a token. Times are wall-clock times, because other processes read them. */
export type TokenContent = PositionContent | PrimaryContent

interface CommonContent {
  /** Expiry time (milliseconds since 1970). */
  readonly expiresAtMs: number
  /** The session has seen data on a replica that the primary may not show yet. */
  readonly isUnshown?: true
}

/** The session must see everything up to this position. */
interface PositionContent extends CommonContent {
  readonly kind: 'position'
  readonly position: Position
}

/** The session wrote at an unknown position. Its reads go to the primary until the token expires. */
interface PrimaryContent extends CommonContent {
  readonly kind: 'primary'
}

/**
 * Reason for which a token is rejected.
 *
 * @example
 * pool.events.on('tokenRejected', ({ reason }: { readonly reason: TokenRejection }) =>
 *   console.log(reason),
 * )
 */
export type TokenRejection =
  /** It is not a token of this version. */
  | 'malformed'
  /** A secret is configured, and the token carries no signature. */
  | 'unsigned'
  /** Its signature matches none of the secrets. */
  | 'forged'
  /** It belongs to a cluster with another system identifier. */
  | 'other-cluster'
  /** It has expired, which is the normal end of a token. */
  | 'expired'
  /** The primary has not reached its position: the position is made up, or the writes were lost in a failover. */
  | 'ahead-of-primary'

export type DecodedToken = { readonly token: TokenContent } | { readonly rejected: TokenRejection }

export interface DecodeOptions {
  /** With a secret, only tokens with a valid signature are accepted. Without one, signatures are not checked. */
  readonly secret?: TokenSecret | undefined
  /** Wall-clock time (milliseconds since 1970). */
  readonly nowMs: number
  /** The cluster's system identifier, if known. */
  readonly systemIdentifier?: string | undefined
  /**
   * The primary's position, if known. It must be read _after_ the token arrived. With an older one, tokens of other
   * processes would be rejected although they are only newer than what this process has seen.
   */
  readonly primaryPosition?: Progress | undefined
  /** Upper bound on the remaining lifetime of a token, in milliseconds. A longer one is cut to it. */
  readonly maxAheadMs: number
}

/** Maximum length of a token, for code that takes tokens from outside. */
export const MAX_TOKEN_LENGTH = 72

// Byte 0: version in the upper half, flags in the lower. Then the expiry (seconds since 1970, 4 bytes). A position
// follows with the system identifier (8), the timeline (4) and the LSN (8). A signed token ends in the signature.
// Big-endian.
const VERSION = 0x10
const VERSION_MASK = 0xf0
const POSITION_FLAG = 0x01
const SIGNED_FLAG = 0x02
const UNSHOWN_FLAG = 0x04
const KNOWN_FLAGS = POSITION_FLAG | SIGNED_FLAG | UNSHOWN_FLAG
const PRIMARY_BYTES = 5
const POSITION_BYTES = 25
const LATEST_SECOND = 0xffffffff
const BASE64URL = /^[\w-]+$/

/**
 * Encodes a token: 34 characters for a position and 55 signed, 7 and 28 for one that requires the primary. Safe in
 * URLs, cookies and headers. The expiry is rounded up to a whole second.
 */
export function encodeToken(
  content: TokenContent,
  options: { readonly secret?: TokenSecret | undefined } = {},
): string {
  const { secret } = options
  const flags =
    (content.kind === 'position' ? POSITION_FLAG : 0) |
    (secret === undefined ? 0 : SIGNED_FLAG) |
    (content.isUnshown === true ? UNSHOWN_FLAG : 0)
  const bytes = Buffer.alloc(content.kind === 'position' ? POSITION_BYTES : PRIMARY_BYTES)
  bytes.writeUInt8(VERSION | flags, 0)
  bytes.writeUInt32BE(Math.min(Math.max(Math.ceil(content.expiresAtMs / 1000), 0), LATEST_SECOND), 1)
  if (content.kind === 'position') {
    bytes.writeBigUInt64BE(BigInt(content.position.systemIdentifier), 5)
    bytes.writeUInt32BE(content.position.timeline, 13)
    bytes.writeBigUInt64BE(content.position.lsn, 17)
  }
  const signed = secret === undefined ? bytes : Buffer.concat([bytes, signatureOf(bytes, secret)])
  return signed.toString('base64url')
}

/** Validates a token and returns its content or the reason for its rejection. Never throws, for any text. */
export function decodeToken(text: string, options: DecodeOptions): DecodedToken {
  const parsed = parse(text)
  if (parsed === undefined) return { rejected: 'malformed' }
  const { secret, nowMs, systemIdentifier, primaryPosition, maxAheadMs } = options
  if (secret !== undefined) {
    if (parsed.signature === undefined) return { rejected: 'unsigned' }
    if (!isSignedBy(parsed.signedBytes, parsed.signature, secret)) return { rejected: 'forged' }
  }
  const { content } = parsed
  const position = content.kind === 'position' ? content.position : undefined
  if (
    position !== undefined &&
    position.systemIdentifier !== (systemIdentifier ?? position.systemIdentifier)
  ) {
    return { rejected: 'other-cluster' }
  }
  if (content.expiresAtMs <= nowMs) return { rejected: 'expired' }
  if (position !== undefined && primaryPosition !== undefined && !reaches(primaryPosition, position)) {
    return { rejected: 'ahead-of-primary' }
  }
  return { token: { ...content, expiresAtMs: Math.min(content.expiresAtMs, nowMs + maxAheadMs) } }
}

/** Decodes a token without validation, to compare tokens that are trusted for other reasons. */
export function peekToken(text: string): TokenContent | undefined {
  return parse(text)?.content
}

interface ParsedToken {
  readonly content: TokenContent
  readonly signedBytes: Uint8Array
  readonly signature: Uint8Array | undefined
}

function parse(text: string): ParsedToken | undefined {
  // Checks the length first: clients may send a text of any size.
  if (typeof text !== 'string' || text.length > MAX_TOKEN_LENGTH || !BASE64URL.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  // The last character has unused bits. Only one spelling of a token is accepted.
  if (bytes.toString('base64url') !== text) return undefined
  const head = bytes[0] ?? 0
  if ((head & VERSION_MASK) !== VERSION || (head & ~VERSION_MASK & ~KNOWN_FLAGS) !== 0) return undefined
  const isPosition = (head & POSITION_FLAG) !== 0
  const isSigned = (head & SIGNED_FLAG) !== 0
  const contentBytes = isPosition ? POSITION_BYTES : PRIMARY_BYTES
  if (bytes.length !== contentBytes + (isSigned ? SIGNATURE_BYTES : 0)) return undefined
  return {
    content: {
      ...(isPosition ? positionIn(bytes) : { kind: 'primary', expiresAtMs: expiryIn(bytes) }),
      ...((head & UNSHOWN_FLAG) === 0 ? {} : { isUnshown: true }),
    },
    signedBytes: bytes.subarray(0, contentBytes),
    signature: isSigned ? bytes.subarray(contentBytes) : undefined,
  }
}

function expiryIn(bytes: Buffer): number {
  return bytes.readUInt32BE(1) * 1000
}

function positionIn(bytes: Buffer): TokenContent {
  const position: Position = {
    systemIdentifier: bytes.readBigUInt64BE(5).toString(),
    timeline: bytes.readUInt32BE(13),
    lsn: bytes.readBigUInt64BE(17),
  }
  return { kind: 'position', position, expiresAtMs: expiryIn(bytes) }
}
