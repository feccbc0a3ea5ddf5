import type { Platform, Timer } from '../platform/platform.ts'
import type { Snapshot } from '../topology/snapshot.ts'
import type { WatchedNode } from './watched-node.ts'

/** How long the first decision waits for the other nodes once the primary has answered, in milliseconds. */
const GRACE_MS = 500

/** Probes every node. Resolves when enough is known for routing. */
export function firstRound(
  nodes: readonly WatchedNode[],
  platform: Platform,
  newest: () => Snapshot,
): Promise<void> {
  return new Promise((resolve) => {
    let grace: Timer | undefined
    const looks = nodes.map(async (node) => {
      await node.look()
      if (primaryIsCertain(newest())) grace ??= platform.schedule(GRACE_MS, resolve)
    })
    void Promise.all(looks).then(() => {
      grace?.cancel()
      resolve()
    })
  })
}

/** A node listed before the primary that has not answered may still turn out to be the primary that counts. */
function primaryIsCertain({ nodes, primary }: Snapshot): boolean {
  const found = nodes.findIndex(({ id }) => id === primary?.id)
  return found >= 0 && nodes.slice(0, found).every(({ state }) => state.name !== 'pending')
}
