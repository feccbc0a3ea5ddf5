import { Signer } from '@aws-sdk/rds-signer'
import { afterEach, expect, test, vi } from 'vitest'
import { rdsIam } from '../../src/index.ts'

afterEach(() => void vi.useRealTimers())

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET }

test.each([
  { user: 'app', port: 5432, region: 'eu-central-1', ...KEYS },
  { user: "o'neil (dba)*!~ é+/=&", port: 5433, region: 'us-gov-west-1', ...KEYS },
  { user: 'app', port: 5432, region: 'eu-central-1', ...KEYS, sessionToken: 'FwoGZXIvYXdzE+/=&%' },
])('a token is that of @aws-sdk/rds-signer: %j', async ({ port, region, user, ...credentials }) => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 30, 12), toFake: ['Date'] })
  const host = 'db.abc123.eu-central-1.rds.amazonaws.com'
  const signer = new Signer({ hostname: host, port, username: user, region, credentials })
  const ours = await rdsIam({ region, credentials })({ host, port, user })
  const partsOf = (token: string): unknown => {
    const { host: address, pathname, searchParams } = new URL(`https://${token}`)
    return { address, pathname, parameters: Object.fromEntries(searchParams) }
  }
  expect(partsOf(ours)).toEqual(partsOf(await signer.getAuthToken()))
})
