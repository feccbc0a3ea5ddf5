import { Causality } from '../../src/consistency/causality.ts'
import { createSession, type MutableSession } from '../../src/consistency/session.ts'
import { systemPlatform } from '../../src/platform/system.ts'
import type { SessionKeeper } from '../../src/router/session-keeper.ts'
import { Session } from '../../src/pool/session.ts'
import { rounded } from '../../test/proofs/timings.ts'
import type { NodeView } from '../../src/topology/snapshot.ts'
import { heapInUse } from '../support/heap.ts'

export interface MemoryFigures {
  readonly sessions: number
  /** Of those that have only begun. */
  readonly bytesEach: number
  /** Of those that have written, and then read from a replica. */
  readonly bytesEachInUse: number
  /** The same, where no other session has written at the time, so that each has a floor of its own. */
  readonly bytesEachAlone: number
  /** Timers that they have left. */
  readonly timers: number
}

/** Number of sessions that write while one floor is requested: about a thousand writes a second. */
const WRITES_AT_A_TIME = 5

/** Measures the memory of `count` sessions that are all kept. */
export async function memoryOfSessions(count: number): Promise<MemoryFigures> {
  let lsn = 0n
  const causality = new Causality({
    platform: systemPlatform,
    ask: () =>
      new Promise((resolve) =>
        setImmediate(() => resolve({ systemIdentifier: '7000', timeline: 1, lsn: (lsn += 100n) })),
      ),
    look: () => Promise.resolve(undefined),
    heard: () => undefined,
    hasServer: () => true,
    catchUpTimeoutMs: 100,
    failoverTimeoutMs: 1000,
    claimRejected: () => {},
  })
  const implicit = createSession()
  causality.primaryAt({ systemIdentifier: '7000', timeline: 1, lsn }, implicit)
  const keeper = {} as SessionKeeper
  const [first, second] = [replica('7000:a'), replica('7000:b')]
  const timersBefore = timers()

  const begin = (): readonly [Session, MutableSession] => {
    const state = causality.begin(implicit, {})
    return [new Session(keeper, state), state]
  }
  const begun = await bytesOf(count, async () => begin()[0])
  const use = async (writesAtATime: number): Promise<number> => {
    let written: MutableSession[] = []
    return bytesOf(count, async (index) => {
      const [session, state] = begin()
      state.wrote({
        atMs: systemPlatform.now(),
        floor: causality.request(),
        certainty: 'certain',
        changes: 'everything',
      })
      written.push(state)
      if (written.length === writesAtATime) {
        const reading = written
        written = []
        for (const each of reading) await each.pending?.floor?.settled()
        for (const each of reading) void causality.prepare(each)
        for (const each of reading) causality.answered(each, index % 2 === 0 ? first : second, [])
      }
      return session
    })
  }
  const bytesEachInUse = await use(WRITES_AT_A_TIME)
  const bytesEachAlone = await use(1)
  const left = timers() - timersBefore
  return { sessions: count, bytesEach: begun, bytesEachInUse, bytesEachAlone, timers: left }
}

async function bytesOf(count: number, begin: (index: number) => Promise<Session>): Promise<number> {
  const sessions: (Session | undefined)[] = Array.from({ length: count }, () => undefined)
  const before = heapInUse()
  for (let index = 0; index < count; index++) sessions[index] = await begin(index)
  const bytes = heapInUse() - before
  return rounded(bytes / sessions.length, 0)
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

function replica(serverIdentity: string): NodeView {
  const observation = {
    role: 'replica' as const,
    systemIdentifier: '7000',
    serverIdentity,
    sentAtMs: 0,
    receivedAtMs: 0,
  }
  return { id: serverIdentity, weight: 1, role: 'replica', state: { name: 'up', observation } }
}
