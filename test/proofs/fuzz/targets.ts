import { nodesFrom } from '../../../src/config/nodes.ts'
import { POOL_OPTIONS } from '../../../src/config/known-options.ts'
import { parseConnectionString, splitHosts } from '../../../src/config/connection-string.ts'
import { resolveOptions } from '../../../src/config/resolved-options.ts'
import type { PoolOptions } from '../../../src/config/options.ts'
import { laterToken } from '../../../src/consistency/later-token.ts'
import { decodeToken, encodeToken, peekToken } from '../../../src/consistency/token.ts'
import { checkNodes } from '../../../src/discovery/nodes.ts'
import { readCluster } from '../../../src/discovery/patroni-cluster.ts'
import { dnsDiscovery, type AddressResolver } from '../../../src/discovery/dns.ts'
import { srvDiscovery, type SrvResolver } from '../../../src/discovery/srv.ts'
import { asError } from '../../../src/errors/as-error.ts'
import { SwitchyardError } from '../../../src/errors/error.ts'
import { outcomeOf, withOutcome } from '../../../src/errors/outcome.ts'
import { failureOf, isAnswer } from '../../../src/execution/failure.ts'
import { privateCacheControl, varyWith } from '../../../src/http/caching.ts'
import { checkAttributes, cookieText, readCookie } from '../../../src/http/cookie.ts'
import { sessionToken } from '../../../src/http/request-token.ts'
import { registrationOf } from '../../../src/register/registration.ts'
import { VARIABLES } from '../../../src/register/variables.ts'
import { hintOf } from '../../../src/statement/hint.ts'
import { SECRET, type FuzzTarget } from './target.ts'

const signing = `${SECRET} of the tests`
const position = { systemIdentifier: '7301234567890123456', timeline: 3, lsn: 0x1_6b37_4d48n }
const signed = encodeToken({ kind: 'position', position, expiresAtMs: 2e12 }, { secret: signing })
const tokens = [
  signed,
  encodeToken({ kind: 'position', position, expiresAtMs: 2e12 }),
  encodeToken({ kind: 'primary', expiresAtMs: 2e12, isUnshown: true }),
  encodeToken({ kind: 'primary', expiresAtMs: 2e12 }, { secret: signing }),
]

const tokenTarget: FuzzTarget = {
  name: 'tokens',
  inputs: (dice) => () =>
    dice.random() < 0.1
      ? dice.value()
      : dice.random() < 0.3
        ? Buffer.from(Array.from({ length: dice.below(60) }, () => dice.below(256))).toString('base64url')
        : dice.broken(dice.any(tokens)),
  take(input) {
    const text = input as string
    const decoded = decodeToken(text, { secret: signing, nowMs: 1e12, maxAheadMs: 1e6 })
    if ('token' in decoded && !tokens.includes(text)) throw new Error('a forged token was accepted')
    decodeToken(text, { nowMs: 1e12, maxAheadMs: 1e6, systemIdentifier: '1' })
    const later = laterToken(signed, text)
    if (later !== signed && later !== text) throw new Error('neither of the two tokens is the later one')
    return [decoded, peekToken(text)]
  },
}

const cookieHeader = `a=b; switchyard=${signed}; __Host-x="${tokens[1]}"; c="d;e"`
const headers = [
  'public, max-age=60, s-maxage="1,2"',
  'no-store',
  'Accept, *',
  'private="set-cookie, a"',
  cookieHeader,
]

const cookieTarget: FuzzTarget = {
  name: 'cookies and headers',
  inputs: (dice) => () => ({
    header: dice.broken(dice.any(headers)),
    name: dice.any(['switchyard', '__Host-x', '__proto__', 'a', dice.broken('switchyard')]),
    attributes: {
      path: dice.value(),
      domain: dice.value(),
      [dice.any(['sameSite', 'secure', '__proto__'])]: dice.value(),
    },
  }),
  take(input) {
    const { header, name, attributes } = input as { header: string; name: string; attributes: object }
    const token = sessionToken({ cookie: header }, { cookie: 'switchyard' })
    if (token !== undefined && token.length > 73) throw new Error('a long cookie was taken for a token')
    readCookie(header, name)
    const caching = privateCacheControl(header)
    const directives = caching.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(',')
    if (directives.some((directive) => /^\s*(?:public|s-maxage\s*=.*)\s*$/i.test(directive))) {
      throw new Error(`a shared cache may keep it: ${caching}`)
    }
    varyWith(header, ['Cookie'])
    const text = cookieText('switchyard', 'a', checkAttributes('switchyard', attributes))
    if (text.includes('\n')) throw new Error('a header was split')
    return text.includes(SECRET) ? undefined : text
  },
}

const optionNames = [...POOL_OPTIONS]
const optionTarget: FuzzTarget = {
  name: 'options',
  givesSecret: true,
  inputs: (dice) => () => {
    const name = (): string =>
      dice.random() < 0.95 ? dice.any(optionNames) : dice.broken(dice.any(optionNames))
    const some = Array.from({ length: 1 + dice.below(4) }, () => [name(), dice.value()] as const)
    return { password: SECRET, logger: false, ...Object.fromEntries(some) }
  },
  take: (input) => resolveOptions(input as PoolOptions),
}

const strings = [
  `postgres://user:${SECRET}@host-1:5432,host-2:5433/database?sslmode=require&application_name=a`,
  `postgresql://user:${SECRET}@[::1]:5432/db?host=/tmp&options=-c%20geqo%3Doff`,
  `postgres://%75ser:${SECRET}%20@h/d%20b#f`,
  `/var/run/postgresql db?password=${SECRET}`,
  `socket:/some/path/?db=x&encoding=utf8&password=${SECRET}`,
  `postgres://host/db?password=${SECRET}&port=abc`,
]

const connectionTarget: FuzzTarget = {
  name: 'connection strings',
  givesSecret: true,
  inputs: (dice) => () =>
    dice.random() < 0.05 ? dice.value() : withoutFiles(dice.broken(dice.any(strings))),
  take(input) {
    const text = input as string
    const one = parseConnectionString('connectionString', text)
    return [one, splitHosts(text), nodesFrom(one, [text])]
  },
}

/** node-postgres reads the files that some name. A bare word is a host that is given in place of a connection string. */
function withoutFiles(text: string): string {
  return text
    .replaceAll(/ssl(?:cert|key|rootcert)/gi, 'x')
    .replace(/^[\w./-]*$/, (word) => word.replace(SECRET, 'host'))
}

const environmentTarget: FuzzTarget = {
  name: 'environment variables',
  givesSecret: true,
  inputs: (dice) => () => ({
    DATABASE_URL: withoutFiles(dice.broken(dice.any(strings))),
    DATABASE_REPLICA_URLS: withoutFiles(dice.any([dice.any(strings), dice.broken(strings.join(','))])),
    [dice.random() < 0.8 ? dice.any(VARIABLES) : dice.broken(dice.any(VARIABLES))]: dice.broken(
      dice.any(['causal', '100', 'on', 'info']),
    ),
  }),
  take: (input) => registrationOf(input as Record<string, string>),
}

const comments = [
  '/* route: primary */',
  '/*route:replica*/',
  '-- route: replica\n',
  '/* a /* route: primary */ b */',
  `'/* route: replica */'`,
]
const hintTarget: FuzzTarget = {
  name: 'hint comments',
  inputs: (dice) => () => {
    const text = Array.from({ length: 1 + dice.below(5) }, () =>
      dice.any([...comments, 'select', ' 1 ', "'", '"', '$$', `'${SECRET}'`]),
    )
    return dice.broken(text.join(''))
  },
  take: (input) => hintOf(input as string),
}

const codes = [
  '25006',
  '40001',
  '55000',
  'XX000',
  '57P01',
  '53300',
  '08006',
  'ECONNRESET',
  '0A000',
  '40P01',
  '',
  20,
  null,
]
const errorTarget: FuzzTarget = {
  name: 'server error fields',
  givesSecret: true,
  inputs: (dice) => () => {
    if (dice.random() < 0.2) return dice.value()
    const error: object =
      dice.random() < 0.1
        ? new DOMException('a', 'AbortError')
        : new Error(dice.broken('Connection terminated'))
    const fields = ['code', 'routine', 'severity', 'message', 'detail', 'where', 'position', 'constraint']
    for (let count = dice.below(4); count > 0; count--) {
      const value = dice.random() < 0.7 ? dice.any(codes) : dice.value()
      Object.defineProperty(error, dice.any(fields), { value, configurable: true, writable: true })
    }
    return error
  },
  take(input) {
    const error = asError(input)
    const failure = failureOf(error)
    isAnswer(failure, true)
    return [failure, outcomeOf(error), outcomeOf(withOutcome(error, 'unknown'))]
  },
}

const cluster = JSON.stringify({
  members: [
    {
      name: 'a',
      role: 'leader',
      state: 'running',
      host: '10.0.0.1',
      port: 5432,
      api_url: 'http://10.0.0.1:8008/patroni',
      tags: { noloadbalance: true, zone: 'a' },
    },
    {
      name: 'b',
      role: 'replica',
      host: 'b.example',
      port: 5433,
      lag: 0,
      tags: { __proto__: null, weight: 2 },
    },
  ],
})

const patroniTarget: FuzzTarget = {
  name: 'answers of Patroni',
  inputs: (dice) => () => {
    if (dice.random() < 0.3)
      return { members: dice.random() < 0.5 ? [dice.value(true), dice.value(true)] : dice.value(true) }
    if (dice.random() < 0.5)
      return {
        members: [
          { host: dice.value(true), port: 1, tags: dice.value(true), api_url: dice.broken('http://a:1/') },
        ],
      }
    try {
      return JSON.parse(dice.broken(cluster)) as unknown
    } catch {
      return dice.value(true)
    }
  },
  givesSecret: true,
  take(input) {
    const { nodes, apis } = readCluster(input)
    return [checkNodes(nodes), apis]
  },
}

const dnsTarget: FuzzTarget = {
  name: 'answers of DNS',
  inputs: (dice) => () =>
    dice.random() < 0.1
      ? dice.value()
      : Array.from({ length: dice.below(5) }, () => ({
          name: dice.random() < 0.2 ? dice.value() : dice.broken('node-1.db.example'),
          port: dice.random() < 0.5 ? 5432 : dice.value(),
          weight: dice.random() < 0.5 ? dice.below(100) : dice.value(),
          priority: dice.value(),
        })),
  givesSecret: true,
  async take(input) {
    const resolver = { resolveSrv: async () => input, cancel: () => {} } as unknown as SrvResolver
    const discovery = srvDiscovery({ name: '_postgresql._tcp.db.example', resolver })
    const { signal } = new AbortController()
    const addresses = { resolve4: async () => input, cancel: () => {} } as unknown as AddressResolver
    const byAddress = dnsDiscovery({ name: 'db.example', resolver: addresses })
    const found = await byAddress.discover(signal).then(checkNodes, refused)
    return [found, checkNodes(await discovery.discover(signal))]
  },
}

/** An answer that is refused by one of two readers may be taken by the other. */
function refused(error: unknown): undefined {
  if (!(error instanceof SwitchyardError)) throw error
}

export const targets: readonly FuzzTarget[] = [
  tokenTarget,
  cookieTarget,
  optionTarget,
  connectionTarget,
  environmentTarget,
  hintTarget,
  errorTarget,
  patroniTarget,
  dnsTarget,
]
