import type { Position } from '../consistency/position.ts'
import type { Unfinished, Unshown } from '../consistency/unshown.ts'
import type { Platform } from '../platform/platform.ts'
import { within } from '../platform/within.ts'
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

/** How long a server is waited for that has to tell its timeline, in milliseconds. */
const HEARD_WITHIN_MS = 250

const SHOWN_BY_REPLICA: Unfinished = { sinceMs: -Infinity, isCommitted: true }

const NOTHING_UNSHOWN: Unshown = { transactions: new Map(), isCertain: true }

/** Asks servers over the connections that watch them. */
export class Questions {
  readonly #options: QuestionsOptions
  /** Whether commits may be acknowledged before they are flushed. Then the primary's insert position is read, too. */
  mayBeUnflushed = false
  /** States of servers that did not answer soon. They are not waited for before they have another one. */
  readonly #silent = new WeakSet<NodeState>()

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
   * Reads a node's position with a question that is sent at `sinceMs` (our clock) or later. `undefined` when there is
   * no usable answer.
   */
  async progressOf(
    id: NodeId,
    sinceMs: number = this.#options.platform.now(),
  ): Promise<Observation | undefined> {
    const { nodes } = this.#options
    const node = nodes().find((each) => each.id === id)
    if (node === undefined || !tellsPosition(node.known.state)) return undefined
    // A shared probe may have been sent before that.
    while (!isAsOf(node.known.state, sinceMs)) {
      const before = node.known.state
      await node.lookAtProgress()
      if (nodes().length === 0 || node.known.state.name !== 'up') return undefined
      if (node.known.state === before) return undefined
    }
    const { state } = node.known
    return state.name === 'up' ? state.observation : undefined
  }

  /**
   * Resolves when a server has told its role and timeline after this time (our clock, milliseconds), or does not soon.
   * `undefined` when it has already, or cannot. A server that has been promoted, or follows another primary, changes
   * the snapshot by its answer. Until then a former primary may still count as the primary.
   */
  heard(serverIdentity: string, atMs: number): Promise<void> | undefined {
    const node = this.#serverOf(serverIdentity)
    if (node === undefined) return undefined
    const { platform } = this.#options
    const { state } = node.known
    if (isAsOf(state, atMs) || !tellsPosition(state) || this.#silent.has(state)) return undefined
    const told = this.progressOf(node.id, Math.min(atMs, platform.now()))
    return within(platform, told, HEARD_WITHIN_MS).then((observation) => {
      if (observation === undefined) this.#silent.add(node.known.state)
    })
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
    const heard = serverIdentity === undefined ? undefined : this.heard(serverIdentity, platform.now())
    const inProgress = readInProgress(
      await this.#serverOf(primaryIdentity)?.ask({ text: inProgressSql(wording) }, primaryIdentity),
    )
    await heard
    const { primary: current } = snapshot()
    const isPrimary =
      current?.state.name === 'up' && current.state.observation.serverIdentity === primaryIdentity
    if (!isPrimary) return this.unshown(serverIdentity)
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
