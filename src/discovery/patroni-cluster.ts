import { describe } from '../errors/describe.ts'
import { SwitchyardError } from '../errors/error.ts'
import type { Tags } from '../topology/tags.ts'
import type { DiscoveredNode } from './discovery.ts'
import { isPort } from './options.ts'

/** Content of an answer to `GET /cluster`. */
export interface PatroniCluster {
  readonly nodes: readonly DiscoveredNode[]
  /** Addresses of the members' REST APIs. */
  readonly apis: readonly URL[]
}

/** Parses an answer to `GET /cluster`. Leaves out members without an address, which are still joining. */
export function readCluster(answer: unknown): PatroniCluster {
  const members = field(answer, 'members')
  if (!Array.isArray(members)) throw bad('"members" must be an array', members)
  return {
    nodes: members.filter((member) => field(member, 'host') !== undefined).map(nodeOf),
    apis: members.flatMap((member) => apiOf(field(member, 'api_url'))),
  }
}

function nodeOf(member: unknown): DiscoveredNode {
  const host = field(member, 'host')
  const port = field(member, 'port') ?? 5432
  if (typeof host !== 'string' || host === '') throw bad('"host" of a member must be a name', host)
  if (!isPort(port)) throw bad(`"port" of ${host} must be an integer from 1 to 65535`, port)
  const tags = field(member, 'tags')
  const node = { host, port, weight: isTagged(tags, 'noloadbalance') ? 0 : 1 }
  return isObject(tags) ? { ...node, tags: asText(tags) } : node
}

function apiOf(apiUrl: unknown): readonly URL[] {
  if (typeof apiUrl !== 'string' || !/^https?:/.test(apiUrl)) return []
  // Node.js 20 has URL.canParse() accept some names that the constructor refuses.
  try {
    // The URL ends with /patroni.
    return [new URL('/', apiUrl)]
  } catch {
    return []
  }
}

/** Reads a boolean tag. Patroni reports it as the member's YAML configuration has it, as a boolean or a string. */
function isTagged(tags: unknown, name: string): boolean {
  return /^(?:true|yes|on|1)$/i.test(textOf(field(tags, name)))
}

function asText(tags: object): Tags {
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, textOf(value)]))
}

/** Only a scalar has a text of its own: an object may even have a property "toString". */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function field(object: unknown, name: string): unknown {
  return object !== null && typeof object === 'object'
    ? (object as Readonly<Record<string, unknown>>)[name]
    : undefined
}

function bad(what: string, received: unknown): SwitchyardError {
  const message = `Answer of Patroni: ${what}; received ${describe(received)}`
  return new SwitchyardError('SWITCHYARD_BAD_DISCOVERY', message, { retryable: true })
}
