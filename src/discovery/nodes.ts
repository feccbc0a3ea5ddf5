import { describe } from '../errors/describe.ts'
import { SwitchyardError } from '../errors/error.ts'
import { isTags, sameTags } from '../topology/tags.ts'
import type { DiscoveredNode } from './discovery.ts'
import { isPort } from './options.ts'

/** A validated node with a weight. */
export type CheckedNode = DiscoveredNode & { readonly weight: number }

/**
 * Validates the answer of a discovery and removes duplicates. Throws `SWITCHYARD_BAD_DISCOVERY`, naming the received
 * value.
 */
export function checkNodes(answer: unknown): readonly CheckedNode[] {
  if (!Array.isArray(answer)) throw bad('The answer', 'an array of nodes', answer)
  const nodes = new Map<string, CheckedNode>()
  for (const [index, given] of answer.entries()) {
    const node = checkNode(given, `[${index}]`)
    const twin = nodes.get(keyOf(node))
    if (twin !== undefined && twin.weight !== node.weight) {
      throw bad(`[${index}].weight`, `${twin.weight} as before for ${keyOf(node)}`, node.weight)
    }
    nodes.set(keyOf(node), node)
  }
  return [...nodes.values()]
}

/** Whether both lists contain the same nodes, in any order. */
export function sameNodes(a: readonly CheckedNode[], b: readonly CheckedNode[]): boolean {
  const known = new Map(a.map((node) => [keyOf(node), node]))
  return a.length === b.length && b.every((node) => isSame(node, known.get(keyOf(node))))
}

function isSame(node: CheckedNode, other: CheckedNode | undefined): boolean {
  return node.weight === other?.weight && sameTags(node.tags, other.tags)
}

function keyOf({ host, port }: DiscoveredNode): string {
  return port === undefined ? host : `${host}:${port}`
}

function checkNode(given: unknown, where: string): CheckedNode {
  if (given === null || typeof given !== 'object') throw bad(where, 'an object with a "host"', given)
  const { host, port, weight = 1, tags } = given as Readonly<Record<keyof DiscoveredNode, unknown>>
  if (typeof host !== 'string' || !/^[^\s@]+$/.test(host) || host.includes('://')) {
    throw bad(`${where}.host`, 'a name, an address or the directory of a socket', host)
  }
  if (port !== undefined && !isPort(port)) throw bad(`${where}.port`, 'an integer from 1 to 65535', port)
  if (typeof weight !== 'number' || !Number.isFinite(weight) || weight < 0) {
    throw bad(`${where}.weight`, 'a number of at least 0', weight)
  }
  if (tags !== undefined && !isTags(tags)) throw bad(`${where}.tags`, 'an object of strings', tags)
  return Object.freeze({
    host,
    weight,
    ...(port === undefined ? {} : { port }),
    ...(tags === undefined ? {} : { tags: Object.freeze({ ...tags }) }),
  })
}

function bad(where: string, legal: string, received: unknown): SwitchyardError {
  const message = `Discovery: ${where} must be ${legal}; received ${describe(received)}`
  return new SwitchyardError('SWITCHYARD_BAD_DISCOVERY', message, { retryable: true })
}
