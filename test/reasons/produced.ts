import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeAll } from 'vitest'
import type { DecisionEvent, NodeChange, QueryExecution, RouterEvents } from '../../src/index.ts'
import { REASONS } from '../observability/reasons.ts'
import { until } from '../support/servers.ts'

type Message<Name extends keyof RouterEvents> = RouterEvents[Name][0]

/** Reasons in the messages of each event, with the section of `REASONS` that lists them. */
const FOUND_IN: {
  readonly [Name in keyof RouterEvents]?: (
    message: Message<Name>,
  ) => readonly (readonly [section: string, reason: string | undefined])[]
} = {
  decision: ({ candidates, kind, reason, rejected, statement }: DecisionEvent) => [
    ['Kinds of statements', kind],
    ['Statements', statement],
    ['Routes', reason],
    ...candidates.map((step) => ['Candidates', step.reason] as const),
    ...rejected.map((node) => ['Rejected nodes', node.reason] as const),
  ],
  execution: ({ candidate }: QueryExecution) => [['Candidates', candidate]],
  nodeChanged: ({ from, to }: NodeChange) => [
    ['States of nodes', from],
    ['States of nodes', to],
  ],
  wait: ({ reason }) => [['Waits', reason]],
  retry: ({ reason }) => [['Retries', reason]],
  repair: ({ reason }) => [['Repairs', reason]],
  spill: ({ reason }) => [['Spills', reason]],
  transactionMoved: ({ reason }) => [['Moves', reason]],
  tokenRejected: ({ reason }) => [['Tokens', reason]],
  clientPinned: ({ pin }) => [['Pins', pin]],
  discoveryFailed: ({ reason }) => [['Discovery', reason]],
}

/** Collects the reasons that the pools of this file give in their events. */
export class Produced {
  readonly #bySection = new Map<string, Set<string>>()

  /** Lasts for all tests of the file that calls this. */
  static inTests(): Produced {
    const produced = new Produced()
    const ends: (() => void)[] = []
    beforeAll(() => {
      for (const [name, reasonsOf] of Object.entries(FOUND_IN)) {
        const note = (message: unknown): void => {
          for (const [section, reason] of reasonsOf(message as never)) produced.add(section, reason)
        }
        subscribe(`pg-switchyard:${name}`, note)
        ends.push(() => unsubscribe(`pg-switchyard:${name}`, note))
      }
    })
    afterAll(() => ends.forEach((end) => end()))
    return produced
  }

  add(section: string, reason: string | undefined): void {
    if (reason === undefined) return
    const known = this.#bySection.get(section)
    if (known === undefined) this.#bySection.set(section, new Set([reason]))
    else known.add(reason)
  }

  has(section: string, reason: string): boolean {
    return this.#bySection.get(section)?.has(reason) === true
  }

  /** The reasons of a section that no event had. */
  missing(section: string): readonly string[] {
    const listed = REASONS[section]
    if (listed === undefined) throw new Error(`There is no section ${section}`)
    return listed.filter((reason) => !this.has(section, reason))
  }
}

/** Acts again and again until an event has had this reason. */
export async function actUntil(
  produced: Produced,
  section: string,
  reason: string,
  act: () => unknown,
): Promise<void> {
  await until(
    `${section}: ${reason}`,
    async () => {
      await act()
      return produced.has(section, reason)
    },
    25_000,
  )
}
