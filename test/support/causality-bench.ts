import { Causality } from '../../src/consistency/causality.ts'
import type { Position } from '../../src/consistency/position.ts'
import { PoolSession } from '../../src/consistency/pool-session.ts'
import { recordWrite, type MutableSession } from '../../src/consistency/session.ts'
import type { Unshown } from '../../src/consistency/unshown.ts'
import type { NodeView } from '../../src/topology/snapshot.ts'
import { FakePlatform, settle } from './fake-platform.ts'
import { writeAt } from './sessions.ts'
import { freshAsOf, observed, primaryView, replicaView, up } from './views.ts'

export const WAIT_MS = 100
export const FAILOVER_TIMEOUT_MS = 1000
export const at = (lsn: bigint, given: Partial<Position> = {}): Position => ({
  systemIdentifier: '7000',
  timeline: 1,
  lsn,
  ...given,
})

export const replica = (serverIdentity: string): NodeView =>
  replicaView('r', freshAsOf(0), { state: up(observed('replica', '0/1000', { serverIdentity })) })
export const primaryOf = (lsn: string, timeline = 1): NodeView =>
  primaryView('p', { state: up(observed('primary', lsn, { timeline })) })

/** A primary that says its position when it is told to, and a cluster that servers come to and go from. */
export class CausalityBench {
  readonly platform: FakePlatform = new FakePlatform()
  readonly servers: Set<string> = new Set(['a', 'b'])
  readonly implicit: PoolSession = new PoolSession()
  rejections: number = 0
  /** What the primary does not show yet, and of whom that was asked. */
  unshown: Unshown | undefined = { transactions: new Map(), isCertain: true }
  readonly looks: (string | undefined)[] = []
  readonly #waiting: ((position: Position | undefined) => void)[] = []
  /** What it says at once; otherwise `tells` says it. */
  position: Position | undefined | 'is silent' = 'is silent'
  readonly causality: Causality

  constructor(catchUpTimeoutMs: number = WAIT_MS) {
    this.causality = new Causality({
      platform: this.platform,
      ask: () => {
        if (this.position !== 'is silent') return Promise.resolve(this.position)
        return new Promise((resolve) => this.#waiting.push(resolve))
      },
      look: async (identity) => {
        this.looks.push(identity)
        return this.unshown
      },
      heard: () => undefined,
      hasServer: (identity) => this.servers.has(identity),
      catchUpTimeoutMs,
      failoverTimeoutMs: FAILOVER_TIMEOUT_MS,
      claimRejected: () => (this.rejections += 1),
    })
  }

  async tells(position: Position | undefined): Promise<void> {
    this.#waiting.shift()?.(position)
    await settle()
  }

  session(): MutableSession {
    return this.causality.begin(this.implicit, {})
  }

  wrote(session: MutableSession): MutableSession {
    recordWrite(session, writeAt(this.platform.now(), this.causality.request()))
    return session
  }
}
