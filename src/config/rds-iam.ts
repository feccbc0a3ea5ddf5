import { SwitchyardError } from '../errors/error.ts'
import { systemPlatform } from '../platform/system.ts'
import { expiringPassword, type LoginTarget, type PasswordFunction } from './expiring-password.ts'
import { rdsToken, type AwsCredentials } from './sigv4.ts'
import { checkFunction, checkNames, checkObject, invalid } from './validate.ts'

/** Lifetime of a token, which RDS fixes, in seconds. */
const EXPIRES_IN_SECONDS = 900
/** How long before its expiry a token is replaced, in milliseconds. */
const REFRESH_BEFORE_MS = 300_000

/**
 * Options of `rdsIam()`.
 *
 * @example
 * const options: RdsIamOptions = { region: 'eu-west-1' }
 */
export interface RdsIamOptions {
  /**
   * Region of the database.
   * @defaultValue the one in the name of the server, else `AWS_REGION` or `AWS_DEFAULT_REGION`
   */
  readonly region?: string | undefined
  /**
   * Credentials, or a function that returns them, such as `fromNodeProviderChain()` of `@aws-sdk/credential-providers`.
   * @defaultValue `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, as in AWS Lambda
   */
  readonly credentials?: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>) | undefined
  /**
   * Returns the name that RDS knows a server by. Needed where connections go to another name, such as a CNAME.
   * @defaultValue the name that connections go to
   */
  readonly hostOf?: ((target: LoginTarget) => string) | undefined
  /**
   * Source of the time, in milliseconds since 1970.
   * @defaultValue the clock of the machine
   */
  readonly now?: (() => number) | undefined
}

const OPTIONS: ReadonlySet<string> = new Set(['region', 'credentials', 'hostOf', 'now'])

/**
 * Returns an option `password` that logs in to Amazon RDS and Aurora with IAM. Each node gets a token for its own host,
 * port and user, which is replaced five minutes before its expiry. RDS takes such tokens over TLS only (`ssl`).
 *
 * Throws `SWITCHYARD_INVALID_OPTION` and `SWITCHYARD_UNKNOWN_OPTION`. The function rejects with
 * `SWITCHYARD_NO_PASSWORD`.
 *
 * @example
 * new Pool({ host: 'shop.x.eu-west-1.rds.amazonaws.com', user: 'app', password: rdsIam(), ssl: true })
 */
export function rdsIam(options: RdsIamOptions = {}): PasswordFunction {
  checkObject('options', options)
  checkNames(options, OPTIONS, 'rdsIam()')
  const {
    credentials = credentialsFromEnvironment,
    hostOf,
    now = () => systemPlatform.wallNowMs(),
    region,
  } = options
  if (region !== undefined && !isName(region))
    throw invalid('Option "region" must be a name such as "eu-central-1"')
  if (hostOf !== undefined) checkFunction('hostOf', hostOf)
  if (typeof credentials !== 'function') checkCredentials(credentials)

  return expiringPassword(
    async (target) => {
      const own = checkCredentials(typeof credentials === 'function' ? await credentials() : credentials)
      const host = hostOf?.(target) ?? target.host
      const { port, user } = target
      const atMs = now()
      const where = region ?? regionOf(host)
      const login = { host, port, user, region: where, atMs, expiresInSeconds: EXPIRES_IN_SECONDS }
      const expiresAtMs = atMs + EXPIRES_IN_SECONDS * 1000
      // A token ends with the credentials that signed it.
      const untilMs = Number(own.expiration)
      return {
        password: rdsToken(login, own),
        expiresAt: untilMs < expiresAtMs ? untilMs : expiresAtMs,
      }
    },
    { refreshBeforeMs: REFRESH_BEFORE_MS, now },
  )
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9-]+$/.test(value)
}

/** Names such as `db.abc123.eu-central-1.rds.amazonaws.com`, and `db.abc123.rds.cn-north-1.amazonaws.com.cn`. */
const SERVER_NAME = /\.(?:([a-z0-9-]+)\.rds|rds\.([a-z0-9-]+))\.amazonaws\.com(?:\.cn)?$/

/** Reads the region from the name of a server, or from the environment. */
function regionOf(host: string): string {
  const [, before, behind] = SERVER_NAME.exec(host.toLowerCase()) ?? []
  const region = before ?? behind ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION']
  if (isName(region)) return region
  throw new SwitchyardError(
    'SWITCHYARD_INVALID_OPTION',
    `Option "region" of rdsIam() is needed: neither the name ${host} nor AWS_REGION tells it`,
  )
}

function credentialsFromEnvironment(): AwsCredentials {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env
  return {
    accessKeyId: AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '',
    // Templates of containers leave variables empty.
    sessionToken: AWS_SESSION_TOKEN === '' ? undefined : AWS_SESSION_TOKEN,
  }
}

/** Messages never show what was received. */
function checkCredentials(given: unknown): AwsCredentials {
  const { accessKeyId, secretAccessKey, sessionToken } = (given ?? {}) as Partial<AwsCredentials>
  const isSet = (value: unknown): boolean => typeof value === 'string' && value !== ''
  if (isSet(accessKeyId) && isSet(secretAccessKey) && (sessionToken === undefined || isSet(sessionToken))) {
    return given as AwsCredentials
  }
  throw invalid(
    'Option "credentials" of rdsIam() must be, or return, { accessKeyId, secretAccessKey, sessionToken? }, ' +
      'with strings that are not empty. Without it, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set',
  )
}
