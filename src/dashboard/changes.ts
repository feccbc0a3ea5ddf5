import type { RouterEventEmitter, RouterEvents } from '../observability/events.ts'

/** Something that happened to the cluster or the pool. */
export interface Change {
  /** Increases with each change. */
  readonly id: number
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly what: string
}

type Wordings = {
  readonly [Name in keyof RouterEvents]?: (...args: RouterEvents[Name]) => string
}

/** Wordings of the events that the page shows. */
const WORDINGS: Wordings = {
  nodeChanged: ({ from, node, to }) => `${node} changed from ${from} to ${to}`,
  primaryChanged: ({ to }) => `${to} is the primary`,
  primaryConflict: ({ nodes }) => `More than one node takes writes: ${nodes.join(', ')}`,
  startedWithoutPrimary: () => 'There is no primary yet, and replicas serve reads',
  timelineUnclear: ({ node }) => `${node} is not known to be on the timeline of the primary`,
  nodeEjected: ({ forMs, node }) =>
    `${node} failed repeatedly and gets no reads for ${Math.round(forMs / 1000)} s`,
  loginRefused: ({ node }) => `${node} refuses the login that the primary accepts`,
  nodeSick: ({ node }) => `${node} failed a read because of its disk, memory or data`,
  nodesChanged: ({ added, removed }) =>
    [
      ...(added.length > 0 ? [`Added ${added.join(', ')}`] : []),
      ...(removed.length > 0 ? [`Removed ${removed.join(', ')}`] : []),
    ].join('. '),
  addressShared: ({ node }) => `Connections to ${node} led to several servers`,
  discoveryFailed: ({ reason }) => `Discovery failed: ${reason}`,
  lastResort: ({ count }) => `${reads(count)} went to an ejected or unmeasured replica`,
  retriesSpent: ({ count }) => `${reads(count)} failed because the retry budget is spent`,
  spillRefused: ({ count }) => `${reads(count)} failed because of "primarySpill"`,
  clientLeaked: ({ heldMs }) => `A client has been checked out for ${Math.round(heldMs / 1000)} s`,
  balancerFailed: () => "The application's balancer threw",
  catalogFailed: ({ retryInMs }) =>
    `Loading the catalog failed; next try in ${Math.round(retryInMs / 1000)} s`,
  catalogLoaded: () => 'The catalog was loaded',
}

/** Calls `take` with the wording of each event from now on. Returns a function that ends it. */
export function listenForChanges(events: RouterEventEmitter, take: (what: string) => void): () => void {
  const listeners = Object.entries(WORDINGS).map(([name, wording]) => {
    const listener = (...args: never[]): void => take(wording(...args))
    events.on(name as keyof RouterEvents, listener)
    return [name as keyof RouterEvents, listener] as const
  })
  return () => {
    for (const [name, listener] of listeners) events.off(name, listener)
  }
}

function reads(count: number): string {
  return count === 1 ? '1 read' : `${count} reads`
}
