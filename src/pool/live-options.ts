import type { PoolConfig } from 'pg'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import { isSameWay, type NodeConfig } from '../nodes/server-node.ts'
import { withFreshTls } from '../platform/fresh-tls.ts'
import { nodeStream } from '../nodes/node-stream.ts'
import type { NodeId } from '../topology/node.ts'
import { retain } from '../topology/retain.ts'

type Options = Record<PropertyKey, unknown>

/** Options for the place of a server: they hold for the node that is shown alone. */
const LOCATION: ReadonlySet<PropertyKey> = new Set(['connectionString', 'host', 'port'])

/** Options for the place of a server and the login there. */
const ADDRESS = [...LOCATION, 'user', 'database', 'ssl'] as const

/** The first `pool.options` of a pool with several nodes: those of a connection to the first node. */
export function shownOptions({ nodes, pgOptions }: ResolvedOptions): PoolConfig {
  return nodes[0]?.options ?? pgOptions
}

/**
 * The options of a pool with several nodes. As with pg.Pool, the application may change them at any time: a change
 * applies to every node without its own option of that name.
 */
export class LiveOptions {
  /** The options as the application sees and changes them. */
  readonly shown: PoolConfig
  readonly #target: Options
  readonly #changes = new Map<PropertyKey, unknown>()
  readonly #nodes = new Map<NodeId, NodeConfig>()
  #shownNode: NodeId | undefined

  constructor(options: PoolConfig, shownNode: NodeId | undefined) {
    this.#target = options as Options
    this.#shownNode = shownNode
    this.shown = new Proxy(options, {
      defineProperty: (target, name, descriptor) => {
        const isDefined = Reflect.defineProperty(target, name, descriptor)
        if (isDefined) this.#change(name, Reflect.get(target, name))
        return isDefined
      },
      deleteProperty: (target, name) => {
        const isDeleted = Reflect.deleteProperty(target, name)
        if (isDeleted) this.#change(name, undefined)
        return isDeleted
      },
    })
  }

  /** Makes the options of a node follow those of the pool. */
  readonly adopt = (config: NodeConfig): NodeConfig => {
    const options: PoolConfig = { ...config.options }
    if (config.options.password !== undefined) options.password = config.options.password
    const changed: NodeConfig = { ...config, options, followers: new Set() }
    for (const [name, value] of this.#changes) if (!LOCATION.has(name)) put(changed, name, value)
    // A node that stays keeps its connections, which keep reading their original options.
    const known = this.#nodes.get(config.id)
    const stays = known !== undefined && isSameWay(known, changed)
    const adopted = stays ? { ...changed, options: known.options, followers: known.followers } : changed
    this.#nodes.set(config.id, adopted)
    return adopted
  }

  /** Forgets all nodes but these. */
  readonly retain = (ids: ReadonlySet<NodeId>): void => retain(this.#nodes, ids)

  /** Returns the options with nodes, including later ones, whose options follow those of the pool. */
  applyTo(resolved: ResolvedOptions): ResolvedOptions {
    return { ...resolved, nodes: resolved.nodes.map(this.adopt), adopt: this.adopt, retain: this.retain }
  }

  /** Shows the address and login of this node. As with pg.Pool, the password is not enumerable. */
  show({ id, options }: NodeConfig): void {
    this.#shownNode = id
    showNode(this.#target, options)
  }

  #change(name: PropertyKey, value: unknown): void {
    const isLocation = LOCATION.has(name)
    if (!isLocation) this.#changes.set(name, value)
    for (const config of this.#nodes.values()) {
      if (!isLocation || config.id === this.#shownNode) put(config, name, value)
    }
  }
}

function put({ followers, id, options, own }: NodeConfig, name: PropertyKey, value: unknown): void {
  if (own?.has(String(name)) === true) return
  Reflect.set(options, name, name === 'stream' ? nodeStream(value, id, options) : value)
  for (const follow of followers ?? []) follow(name)
}

/** Puts the address and login of a node into options. */
export function showNode(shown: object, given: PoolConfig): void {
  const options = withFreshTls(given)
  for (const name of ADDRESS) {
    const value: unknown = Reflect.get(options, name)
    if (value === undefined) Reflect.deleteProperty(shown, name)
    else Reflect.set(shown, name, value)
  }
  if (options.password === undefined) return
  Object.defineProperty(shown, 'password', {
    value: options.password,
    configurable: true,
    enumerable: false,
    writable: true,
  })
}

/** A copy with the password, which node-postgres makes not enumerable. */
export function withPassword<T extends PoolConfig>(options: T): T {
  return options.password === undefined ? { ...options } : { ...options, password: options.password }
}
