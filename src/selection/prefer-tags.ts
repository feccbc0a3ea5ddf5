import { hasTags, type Tags } from '../topology/tags.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Balancer, BalancerContext } from './balancer.ts'

/**
 * Options of `preferTags()`.
 *
 * @example
 * const options: PreferTagsOptions = { balancer: peakEwma(), fullAt: 16 }
 */
export interface PreferTagsOptions {
  /** Orders the replicas that are equally near. */
  readonly balancer: Balancer
  /**
   * Number of reads in flight at which a replica counts as full. Further reads go to the next group that is not full.
   * An integer above 0.
   * @defaultValue 32
   */
  readonly fullAt?: number
}

/**
 * Orders replicas by nearness: first those with the tags of `nearest[0]`, then those of `nearest[1]`, and so on, then
 * all others. Full replicas come last.
 *
 * @example
 * new Pool({
 *   host: 'primary',
 *   replicas: [{ host: 'r1', tags: { zone: 'a' } }],
 *   balancer: preferTags([{ zone: 'a' }], { balancer: peakEwma() }),
 * })
 */
export function preferTags(nearest: readonly Tags[], { balancer, fullAt = 32 }: PreferTagsOptions): Balancer {
  if (!Number.isInteger(fullAt) || fullAt < 1) {
    throw new RangeError(`Option "fullAt" of preferTags() must be an integer above 0; received ${fullAt}`)
  }
  const nearnessOf = (node: NodeView, { inFlight }: BalancerContext): number => {
    if (inFlight(node.id) >= fullAt) return nearest.length + 1
    const index = nearest.findIndex((wanted) => hasTags(node.tags, wanted))
    return index === -1 ? nearest.length : index
  }

  return {
    order(candidates, context) {
      const groups: NodeView[][] = []
      for (const node of candidates) (groups[nearnessOf(node, context)] ??= []).push(node)
      // The array is sparse; `flatMap` skips the holes.
      return groups.flatMap((group) => balancer.order(group, context))
    },
    started(picked, candidates, context) {
      const nearness = nearnessOf(picked, context)
      const equals = candidates.filter((node) => nearnessOf(node, context) === nearness)
      balancer.started?.(picked, equals, context)
    },
    ended(picked, outcome, nowMs) {
      balancer.ended?.(picked, outcome, nowMs)
    },
  }
}
