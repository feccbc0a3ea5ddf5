import type { NodeConfig } from '../../../src/test-cluster/server.ts'

/** What a process that runs a suite must know to put the routed pool under it. */
export interface Plug {
  /** False: what the suite was written for, to compare with. */
  readonly isRouted: boolean
  /** What the suite calls node-postgres. */
  readonly module: string
  readonly replace: string
  readonly overrideServer: boolean
  readonly primary: NodeConfig
  readonly replicas: readonly NodeConfig[]
  readonly checkout: 'lazy' | 'eager'
  /** A file to which processes add their reads, and those of them that replicas answered. */
  readonly tally: string
}

/** The environment variable that carries it. */
export const PLUG = 'SWITCHYARD_PROOF_PLUG'

export function readPlug(): Plug {
  return JSON.parse(process.env[PLUG] ?? '') as Plug
}
