import { afterEach, describe, expect, it, vi } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { rdsIam, type RdsIamOptions } from './rds-iam.ts'
import { rdsToken, type AwsCredentials } from './sigv4.ts'

const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const HOST = 'db.abc123.eu-central-1.rds.amazonaws.com'
const TARGET = { host: HOST, port: 5432, user: 'app', database: 'db' }
const AT_MS = Date.UTC(2026, 10, 30, 12, 0, 0)

const parametersOf = (token: string): URLSearchParams => new URL(`https://${token}`).searchParams

afterEach(() => void vi.unstubAllEnvs())

describe('a token of rdsIam()', () => {
  it('is for the host, the port and the user of each node', async () => {
    const password = rdsIam({ credentials: CREDENTIALS, now: () => AT_MS })
    const token = await password(TARGET)
    expect(token.startsWith(`${HOST}:5432/?Action=connect&DBUser=app&`)).toBe(true)
    expect(Object.fromEntries(parametersOf(token))).toMatchObject({
      'X-Amz-Credential': 'AKIDEXAMPLE/20261130/eu-central-1/rds-db/aws4_request',
      'X-Amz-Date': '20261130T120000Z',
      'X-Amz-Expires': '900',
    })
    const other = await password({ ...TARGET, host: `reader.${HOST}`, port: 5433 })
    expect(other.startsWith(`reader.${HOST}:5433/?`)).toBe(true)
  })

  it('is replaced five minutes before it expires', async () => {
    let nowMs = AT_MS
    const password = rdsIam({ credentials: CREDENTIALS, now: () => nowMs })
    const first = await password(TARGET)
    nowMs += 599_999
    expect(await password(TARGET)).toBe(first)
    nowMs += 1
    await password(TARGET)
    await settle()
    expect(parametersOf(await password(TARGET)).get('X-Amz-Date')).toBe('20261130T121000Z')
  })

  it.each<readonly [what: string, options: RdsIamOptions, env: Record<string, string>, region: string]>([
    ['the option', { region: 'us-west-2' }, { AWS_REGION: 'us-east-1' }, 'us-west-2'],
    ['the name of the server', {}, { AWS_REGION: 'us-east-1' }, 'eu-central-1'],
    [
      'the name of a server in China',
      { hostOf: () => 'db.abc123.rds.cn-north-1.amazonaws.com.cn' },
      { AWS_REGION: 'us-east-1' },
      'cn-north-1',
    ],
    ['AWS_REGION', { hostOf: () => 'db.internal' }, { AWS_REGION: 'us-east-1' }, 'us-east-1'],
  ])('takes the region from %s', async (_what, options, env, region) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const token = await rdsIam({ credentials: CREDENTIALS, ...options })(TARGET)
    expect(parametersOf(token).get('X-Amz-Credential')).toContain(`/${region}/rds-db/`)
  })

  it('takes credentials from a function or the environment', async () => {
    const provided = { ...CREDENTIALS, sessionToken: 'a/session+token=' }
    const token = await rdsIam({ credentials: () => Promise.resolve(provided) })(TARGET)
    expect(parametersOf(token).get('X-Amz-Security-Token')).toBe('a/session+token=')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'FROMENV')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
    for (const absent of [undefined, '']) {
      vi.stubEnv('AWS_SESSION_TOKEN', absent)
      const parameters = parametersOf(await rdsIam()(TARGET))
      expect(parameters.get('X-Amz-Credential')).toContain('FROMENV/')
      expect(parameters.has('X-Amz-Security-Token')).toBe(false)
    }
  })

  it('ends with the credentials that signed it', async () => {
    let nowMs = AT_MS
    const credentials = (): AwsCredentials => ({ ...CREDENTIALS, expiration: new Date(nowMs + 360_000) })
    const password = rdsIam({ credentials, now: () => nowMs })
    const first = await password(TARGET)
    nowMs += 59_999
    expect(await password(TARGET)).toBe(first)
    nowMs += 300_001
    expect(await password(TARGET)).not.toBe(first)
  })

  it('is for the name that RDS knows the server by', async () => {
    const password = rdsIam({ credentials: CREDENTIALS, hostOf: () => HOST })
    expect((await password({ ...TARGET, host: 'db.example.com' })).startsWith(`${HOST}:5432/`)).toBe(true)
  })

  it('cannot be had without a region or credentials, and no message has a secret', async () => {
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
      vi.stubEnv(name, undefined)
    const causeOf = async (options: RdsIamOptions, host: string): Promise<string> => {
      const error = await rdsIam(options)({ ...TARGET, host }).catch((thrown: Error) => thrown)
      expect(error).toMatchObject({ code: 'SWITCHYARD_NO_PASSWORD' })
      return String((error as Error).cause)
    }
    expect(await causeOf({ credentials: CREDENTIALS }, 'db.internal')).toMatch(/Option "region" .* is needed/)
    expect(await causeOf({}, HOST)).toMatch(/Option "credentials" .* AWS_ACCESS_KEY_ID/)
    const half = { accessKeyId: 'x', secretAccessKey: 12 } as never
    expect(() => rdsIam({ credentials: half })).toThrow('Option "credentials" of rdsIam() must be')
    expect(() => rdsIam({ region: 'Frankfurt am Main' })).toThrow('Option "region" must be a name')
    expect(() => rdsIam({ profile: 'x' } as never)).toThrow('Unknown option "profile"')
  })

  it('is signed as AWS documents it, with every character encoded', () => {
    const login = { host: 'h', port: 1, user: "a b!'()*~é", region: 'r', atMs: AT_MS, expiresInSeconds: 900 }
    expect(rdsToken(login, CREDENTIALS)).toContain('DBUser=a%20b%21%27%28%29%2A~%C3%A9&')
  })
})
