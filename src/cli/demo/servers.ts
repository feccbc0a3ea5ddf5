import type { ClientConfig } from 'pg'

export interface DemoNode {
  /** As the table calls it. */
  readonly name: string
  /** Begins a sentence about it. */
  readonly title: string
  readonly config: ClientConfig
}

/** What can be done to a replica that is the demo's own. */
export interface Levers {
  readonly name: string
  pauseReplay(): Promise<void>
  resumeReplay(): Promise<void>
  /** `kill -9`. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** The servers that the demo runs on, and what there is to clean up. */
export interface DemoServers {
  readonly primary: DemoNode
  readonly replicas: readonly DemoNode[]
  /** Of the replica that the script hurts; absent where servers are not ours to hurt. */
  readonly levers: Levers | undefined
  /** Ends what was started. */
  close(): Promise<void>
}
