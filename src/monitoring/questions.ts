import type { Position } from '../consistency/position.ts'
import type { Unfinished, Unshown } from '../consistency/unshown.ts'
import type { Platform } from '../platform/platform.ts'
import { inProgressSql, readInProgress } from '../topology/in-progress.ts'
import type { NodeId, NodeState, Observation } from '../topology/node.ts'
import type { ProbeRow } from '../topology/probe.ts'
import type { Snapshot } from '../topology/snapshot.ts'
import { PLAIN } from '../topology/wording.ts'
import { committedAmong, readCommitted, readUnfinished, unfinished } from './unshown.ts'
import type { WatchedNode } from './watched-node.ts'

export interface QuestionsOptions {
  readonly platform: Platform
  /** The watched nodes; none after the end. */
  readonly nodes: () => readonly WatchedNode[]
  readonly snapshot: () => Snapshot
  /** Ends a rest. Resolves when the nodes have been probed; `undefined` without a rest. */
  readonly awake: () => Promise<void> | undefined
}

const SHOWN_BY_REPLICA: Unfinished = { sinceMs: -Infinity, isCommitted: true }

const NOTHING_UNSHOWN: Unshown = { transactions: new Map(), isCertain: true }

/** Asks servers over the connections that watch them. */
export class Questions {
  readonly #options: QuestionsOptions
  /** Whether commits may be acknowledged before they are flushed. Then the primary's insert position is read, too. */
  mayBeUnflushed = false

  constructor(options: QuestionsOptions) {
    this.#options = options
  }

  /**
   * Reads a position on the primary at or after everything committed before the call. `undefined` when there is no
   * primary or it does not report one.
   */
  async floor(): Promise<Position | undefined> {
    const { awake, snapshot } = this.#options
    await awake()
    const { primary } = snapshot()
    // One that has told no position when it was probed tells none now.
    if (primary?.state.name !== 'up' || positionOf(primary.state.observation) === undefined) return undefined
    const observation = await this.progressOf(primary.id)
    return observation && positionOf(observation)
  }

  /**
   * Reads a node's position with a question that is sent after the call. `undefined` when there is no usable answer.
   */
  async progressOf(id: NodeId): Promise<Observation | undefined> {
    const { nodes, platform } = this.#options
    const node = nodes().find((each) => each.id === id)
    if (node === undefined || !tellsPosition(node.known.state)) return undefined
    const askedAtMs = platform.now()
    // A shared probe may have been sent before the call.
    while (!isAsOf(node.known.state, askedAtMs)) {
      const before = node.known.state
      await node.lookAtProgress()
      if (nodes().length === 0 || node.known.state.name !== 'up') return undefined
      if (node.known.state === before) return undefined
    }
    const { state } = node.known
    return state.name === 'up' ? state.observation : undefined
  }

  /**
   * Finds transactions that the primary has not finished although the given server shows them as committed. If that
   * server is gone or not given, returns all unfinished transactions. `undefined` when there is no primary or its
   * answer is unusable.
   */
  async unshown(serverIdentity: string | undefined): Promise<Unshown | undefined> {
    const { awake, platform, snapshot } = this.#options
    await awake()
    const primary = snapshot().primary?.state
    if (primary?.name !== 'up') return undefined
    const { serverIdentity: primaryIdentity, wording = PLAIN } = primary.observation
    // The server has become the primary itself.
    if (primaryIdentity === serverIdentity) return NOTHING_UNSHOWN
    const inProgress = readInProgress(
      await this.#serverOf(primaryIdentity)?.ask({ text: inProgressSql(wording) }, primaryIdentity),
    )
    if (inProgress?.ids.length === 0) return NOTHING_UNSHOWN
    if (inProgress !== undefined && serverIdentity !== undefined) {
      const committed = await this.#committedOn(serverIdentity, inProgress.ids)
      if (committed !== undefined) {
        const transactions = new Map([...committed].map((id) => [id, SHOWN_BY_REPLICA]))
        return { transactions, isCertain: true }
      }
    }
    const sentAtMs = platform.now()
    const answer = await this.#serverOf(primaryIdentity)?.ask(unfinished(wording), primaryIdentity)
    const transactions = readUnfinished(answer, sentAtMs)
    return transactions && { transactions, isCertain: false }
  }

  /** Which of these transactions a server shows as committed; `undefined` if it cannot be asked. */
  async #committedOn(identity: string, ids: readonly string[]): Promise<ReadonlySet<string> | undefined> {
    const answer = this.#serverOf(identity)?.ask(committedAmong(ids), identity)
    return readCommitted(await answer?.catch(() => undefined))
  }

  /** Runs a cheap query on a server. Returns its only row; `undefined` when that server is not there, or refuses it. */
  async ask(text: string, serverIdentity: string): Promise<ProbeRow | undefined> {
    return this.#serverOf(serverIdentity)
      ?.ask({ text }, serverIdentity)
      .catch(() => undefined)
  }

  #serverOf(identity: string): WatchedNode | undefined {
    return this.#options
      .nodes()
      .find(({ known: { state } }) => state.name === 'up' && state.observation.serverIdentity === identity)
  }
}

/** Whether a node may tell its position: not one that did not at its last probe. */
function tellsPosition(state: NodeState): boolean {
  return state.name !== 'up' || state.observation.lsn !== undefined
}

/** Whether a node was observed after this time. */
export function isAsOf(state: NodeState, atMs: number): boolean {
  return state.name === 'up' && state.observation.sentAtMs >= atMs
}

function positionOf(observation: Observation): Position | undefined {
  if (observation.role !== 'primary') return undefined
  const { insertedLsn, systemIdentifier, timeline } = observation
  const lsn = insertedLsn ?? observation.lsn
  return timeline === undefined || lsn === undefined ? undefined : { systemIdentifier, timeline, lsn }
}
