import type { ClientConfig } from 'pg'

export interface DemoNode {
  /** Name in the table. */
  readonly name: string
  /** Name at the start of a sentence. */
  readonly title: string
  readonly config: ClientConfig
}

/** Methods that inject failures into one of the demo's own replicas. */
export interface Levers {
  readonly name: string
  pauseReplay(): Promise<void>
  resumeReplay(): Promise<void>
  /** `kill -9`. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** The servers of the demo, and their clean-up. */
export interface DemoServers {
  readonly primary: DemoNode
  readonly replicas: readonly DemoNode[]
  /** For the replica of the script; absent for the user's own servers. */
  readonly levers: Levers | undefined
  /** Stops the servers that the demo has started. */
  close(): Promise<void>
}
