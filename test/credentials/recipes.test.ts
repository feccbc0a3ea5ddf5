import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { expiringPassword } from '../../src/index.ts'

let server: Server | undefined
afterEach(() => void server?.close())

const TARGET = { host: 'h', port: 5432, user: 'app' }

/** The body of the function that docs/operate/credentials.md gives for a vendor. */
function recipe(vendor: string): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operate/credentials.md'), 'utf8')
  const section = page.split(/^### /m).find((each) => each.startsWith(vendor)) ?? ''
  const [, , body] = /^( *).*expiringPassword\(async \(\) => \{\n([^]*?)\n\1\}\)/m.exec(section) ?? []
  if (body === undefined) throw new Error(`docs/operate/credentials.md has no recipe for ${vendor}`)
  return body
}

type Recipe = () => Promise<{ password: string; expiresAt: number }>
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...code: string[]
) => (...args: unknown[]) => ReturnType<Recipe>

test('the recipe for Vault reads a static role as Vault answers', async () => {
  const asked: unknown[] = []
  server = createServer((request, response) => {
    asked.push([request.method, request.url, request.headers['x-vault-token']])
    const data = { username: 'app', password: 'from vault', rotation_period: 86_400, ttl: 300 }
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ data }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const env = {
    VAULT_ADDR: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    VAULT_TOKEN: 's.token',
  }
  const fetchPassword = new AsyncFunction('process', recipe('HashiCorp Vault'))
  const password = expiringPassword(() => fetchPassword({ env }))
  expect([await password(TARGET), await password(TARGET)]).toEqual(['from vault', 'from vault'])
  expect(asked).toEqual([['GET', '/v1/database/static-creds/app', 's.token']])
})

test('the recipe for Azure takes the token and the expiry of a TokenCredential', async () => {
  const scopes: string[] = []
  const credential = {
    getToken: async (scope: string) => {
      scopes.push(scope)
      return { token: 'from azure', expiresOnTimestamp: Date.now() + 3_600_000 }
    },
  }
  const fetchPassword = new AsyncFunction('credential', recipe('Azure'))
  const password = expiringPassword(() => fetchPassword(credential))
  expect([await password(TARGET), await password(TARGET)]).toEqual(['from azure', 'from azure'])
  expect(scopes).toEqual(['https://ossrdbms-aad.database.windows.net/.default'])
})
