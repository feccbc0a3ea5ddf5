import type { PoolConfig } from 'pg'
import type { DiscoveredNode } from '../discovery/discovery.ts'
import { describe } from '../errors/describe.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import { LRUCache } from 'lru-cache'
import { conceal } from '../platform/concealed.ts'
import { tlsSource } from '../platform/fresh-tls.ts'
import { nodeStream } from '../nodes/node-stream.ts'
import { parseConnectionString, splitHosts } from './connection-string.ts'
import { REPLICA_OPTIONS } from './known-options.ts'
import { tagsOption } from './tags.ts'
import { booleanOption, checkArray, checkNames, invalid, numberOption } from './validate.ts'

/** Options of the pool that describe the node at its own address. */
interface OwnNode {
  readonly name?: unknown
  readonly tags?: unknown
}

/**
 * Returns the nodes that the options name: first the hosts of the pool's own address, then the replicas. `base` holds
 * the pool's options for node-postgres.
 */
export function nodesOf(
  base: PoolConfig,
  replicas: unknown,
  { name, tags }: OwnNode = {},
): readonly NodeConfig[] {
  const { connectionString: _connectionString, ...fields } = withPassword(base)
  const hosts = hostsOf(base)
  const own =
    hosts.length > 1
      ? hosts.map((host) => ({ ...fields, ...parseConnectionString('connectionString', host) }))
      : [withPassword(base)]

  // With several hosts in the address, each node has one of them.
  const hostOnly = hosts.length > 1 ? { own: new Set(['host', 'port', 'connectionString']) } : {}
  const inherited = inheritedFrom(base)
  const ids = new Set<string>()
  const tagged = tagsOption('tags', tags)
  return [
    ...own.map((options) => {
      const id = nameOf('name', own.length > 1 ? undefined : name, ids) ?? idOf(options, ids)
      return { id, weight: 1, ...tagged, ...hostOnly, options: withStream(options, id, 'stream') }
    }),
    ...replicasOf(replicas).map((replica, index): NodeConfig => {
      return configOf(inherited, replica, `replicas[${index}]`, ids)
    }),
  ]
}

/** Returns the nodes of a list that describes the whole cluster. Like replicas, they inherit the pool's options. */
export function nodesFrom(base: PoolConfig, nodes: unknown): readonly NodeConfig[] {
  checkArray('nodes', nodes)
  if (nodes.length === 0) throw invalid('Option "nodes" must name at least one node; received an empty array')
  const inherited = inheritedFrom(base)
  const ids = new Set<string>()
  return nodes.map((node, index) => configOf(inherited, node, `nodes[${index}]`, ids))
}

/** Returns the nodes that discovery has found. A missing port is the pool's own. */
export function discoveredNodes(base: PoolConfig, found: readonly DiscoveredNode[]): readonly NodeConfig[] {
  const { port } = inheritedFrom(base)
  return nodesFrom(
    base,
    found.map((node) => defined({ port, ...defined(node) })),
  )
}

function configOf(inherited: PoolConfig, node: unknown, name: string, ids: Set<string>): NodeConfig {
  const { weight, tags, isBalanced, own, givenName, ...options } = replicaOptions(inherited, node, name)
  const id = nameOf(`${name}.name`, givenName, ids) ?? idOf(options, ids)
  conceal(options.ssl)
  return {
    own,
    id,
    weight,
    ...(tags === undefined ? {} : { tags }),
    ...(isBalanced === undefined ? {} : { isBalanced }),
    options: withStream(options, id, `${name}.stream`),
  }
}

function hostsOf({ connectionString }: PoolConfig): readonly string[] {
  // A value of another type is rejected where it is parsed.
  return typeof connectionString === 'string' && connectionString !== '' ? splitHosts(connectionString) : []
}

function inheritedFrom(base: PoolConfig): PoolConfig {
  const { connectionString: _connectionString, ...fields } = withPassword(base)
  const [host] = hostsOf(base)
  return host === undefined ? fields : { ...fields, ...parseConnectionString('connectionString', host) }
}

function replicasOf(replicas: unknown): readonly unknown[] {
  if (replicas === undefined) return []
  checkArray('replicas', replicas)
  return replicas
}

/** Resolved options of a replica, including those that it inherits. */
type ReplicaConfig = PoolConfig &
  Pick<NodeConfig, 'weight' | 'tags' | 'isBalanced'> & {
    readonly own: ReadonlySet<string>
    readonly givenName?: unknown
  }

/** Names of the options that are set. */
function namesIn(said: object): ReadonlySet<string> {
  return new Set(Object.keys(defined(said)))
}

function replicaOptions(inherited: PoolConfig, replica: unknown, name: string): ReplicaConfig {
  const { host: _host, port: _port, ...rest } = inherited
  if (typeof replica === 'string') {
    const said = freshTls(name, replica)
    return { ...rest, ...said, weight: 1, own: namesIn(said) }
  }
  if (replica === null || typeof replica !== 'object' || Array.isArray(replica)) {
    throw invalid(`Option "${name}" must be a connection string or an object; received ${describe(replica)}`)
  }
  checkNames(replica, REPLICA_OPTIONS, name)
  const {
    weight,
    balanced,
    tags,
    name: givenName,
    connectionString,
    ...given
  } = withPassword<PoolConfig & { weight?: unknown; balanced?: unknown; tags?: unknown; name?: unknown }>(
    replica,
  )
  const hasAddress = connectionString || given.host !== undefined || given.port !== undefined
  if (!hasAddress && given.stream === undefined) checkReached(name, givenName, inherited.stream)
  const address = connectionString ? freshTls(`${name}.connectionString`, connectionString) : {}
  const said = { ...defined(given), ...address }
  return {
    ...rest,
    ...said,
    own: namesIn(said),
    givenName,
    weight: numberOption(`${name}.weight`, weight, 1, { min: 0 }),
    ...tagsOption(`${name}.tags`, tags),
    ...(booleanOption(`${name}.balanced`, balanced, false) ? { isBalanced: true as const } : {}),
  }
}

/** Connection strings whose files are read again for each connection, and their option `ssl`. */
let sources: LRUCache<string, NonNullable<PoolConfig['ssl']>> | undefined

/**
 * Parses a connection string. Files that it names (`sslrootcert`, `sslcert`, `sslkey`) are read for each connection.
 */
function freshTls(name: string, connectionString: string): PoolConfig {
  const said = parseConnectionString(name, connectionString)
  if (typeof said.ssl !== 'object' || !/[?&]ssl(?:rootcert|cert|key)=/.test(connectionString)) return said
  // The same string leads to the same function, so that a node is recognized by its options.
  sources ??= new LRUCache({ max: 1000 })
  let ssl = sources.get(connectionString)
  if (ssl === undefined) {
    ssl = tlsSource(() => parseConnectionString(name, connectionString).ssl)
    sources.set(connectionString, ssl)
  }
  return { ...said, ssl }
}

/** Throws unless a replica without an address is reached by its name, through the pool's `stream`. */
function checkReached(name: string, givenName: unknown, stream: unknown): void {
  const isFactory = typeof stream === 'function' && stream.length > 0
  if (givenName !== undefined && isFactory) return
  const legal = '"host", "port" or "connectionString", or a "stream" of its own'
  if (stream === undefined) throw invalid(`Option "${name}" must contain the replica's address: ${legal}`)
  throw invalid(
    `Option "${name}" must contain the replica's address: ${legal}. With a "name" alone, the pool's "stream" ` +
      'must be a function of the node (stream(node)): one that takes no argument leads to one server',
  )
}

/** Validates the name of a node. Returns `undefined` without one. */
function nameOf(option: string, name: unknown, taken: Set<string>): string | undefined {
  if (name === undefined) return undefined
  if (typeof name !== 'string' || !/^\S+$/.test(name)) {
    throw invalid(`Option "${option}" must be a name without white space; received ${describe(name)}`)
  }
  if (taken.has(name)) throw invalid(`Option "${option}" must be unique; received ${describe(name)} again`)
  taken.add(name)
  return name
}

/** Passes the node to the option `stream`. */
function withStream(options: PoolConfig, id: string, name: string): PoolConfig {
  const { stream } = options
  if (stream === undefined) return options
  if (typeof stream !== 'function') {
    throw invalid(
      `Option "${name}" must be a function that returns a new stream for each connection; received ${describe(stream)}`,
    )
  }
  return { ...withPassword(options), stream: nodeStream(stream, id, options) as typeof stream }
}

/** Copies options including the password, which node-postgres makes non-enumerable. */
function withPassword<T extends PoolConfig>(options: T): T {
  return options.password === undefined ? { ...options } : { ...options, password: options.password }
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** Formats a part of an address. node-postgres refuses one that is neither a text nor a number. */
function shown(part: unknown): string {
  return typeof part === 'string' ? part : describe(part)
}

/** Returns the name of the only node of a pool with these options. */
export function nodeIdOf(options: PoolConfig & Pick<OwnNode, 'name'>): string {
  return typeof options.name === 'string' ? options.name : idOf(options, new Set())
}

/** `host:port`, or `stream` where only a stream leads to the node; the second node of the same name gets `#2`. */
function idOf(options: PoolConfig, taken: Set<string>): string {
  const fields = options.connectionString
    ? { ...options, ...parseConnectionString('connectionString', options.connectionString) }
    : options
  const host = fields.host ?? process.env['PGHOST']
  const isByStream = host === undefined && fields.port === undefined && fields.stream !== undefined
  const address = `${shown(host ?? 'localhost')}:${shown(fields.port ?? process.env['PGPORT'] ?? 5432)}`
  const name = isByStream ? 'stream' : address
  let id = name
  for (let n = 2; taken.has(id); n++) id = `${name}#${n}`
  taken.add(id)
  return id
}
