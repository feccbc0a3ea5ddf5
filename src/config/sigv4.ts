import { createHash, createHmac } from 'node:crypto'

/**
 * Credentials of AWS, as its own libraries give them.
 *
 * @example
 * const credentials: AwsCredentials = { accessKeyId: 'AKIA…', secretAccessKey: '…' }
 */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** The time until which they are valid, if they are temporary. */
  readonly expiration?: Date | undefined
}

/** A request for a login with IAM. */
export interface RdsLogin {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly region: string
  readonly atMs: number
  readonly expiresInSeconds: number
}

const SERVICE = 'rds-db'
const EMPTY_HASH = createHash('sha256').update('').digest('hex')

/**
 * Returns a token for RDS: the URL of the request `connect`, signed with AWS Signature Version 4, without its scheme.
 */
export function rdsToken(login: RdsLogin, credentials: AwsCredentials): string {
  const { atMs, expiresInSeconds, host, port, region, user } = login
  const time = new Date(atMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/${SERVICE}/aws4_request`
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const parameters: readonly (readonly [name: string, value: string])[] = [
    ['Action', 'connect'],
    ['DBUser', user],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${accessKeyId}/${scope}`],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', String(expiresInSeconds)],
    ...(sessionToken === undefined ? [] : [['X-Amz-Security-Token', sessionToken] as const]),
    ['X-Amz-SignedHeaders', 'host'],
  ]
  const query = parameters.map((pair) => pair.map(encode).join('=')).join('&')
  const request = ['GET', '/', query, `host:${host}:${port}`, '', 'host', EMPTY_HASH].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(request).digest('hex')].join(
    '\n',
  )
  const key = [day, region, SERVICE, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  return `${host}:${port}/?${query}&X-Amz-Signature=${hmac(key, toSign).toString('hex')}`
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** Encodes everything except the unreserved characters of RFC 3986. */
function encode(text: string): string {
  const escape = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, escape)
}
