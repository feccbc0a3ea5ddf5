import type { Platform, Timer } from '../platform/platform.ts'
import type { Snapshot } from '../topology/snapshot.ts'
import type { WatchedNode } from './watched-node.ts'

/** How long the first decision waits for the other nodes once the primary has answered, in milliseconds. */
const GRACE_MS = 500

/** Looks at every node, and resolves when enough is known to decide by. */
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

/** Until a node that comes first in the configuration has spoken, it may turn out to be the one that counts. */
function primaryIsCertain({ nodes, primary }: Snapshot): boolean {
  const found = nodes.findIndex(({ id }) => id === primary?.id)
  return found >= 0 && nodes.slice(0, found).every(({ state }) => state.name !== 'pending')
}
