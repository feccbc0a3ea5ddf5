import type { Position } from '../consistency/position.ts'
import { formatLsn } from '../topology/lsn.ts'
import type { PositionAsked } from '../observability/statement-events.ts'
import type { Platform } from '../platform/platform.ts'
import type { NodeView } from '../topology/snapshot.ts'

/** Surroundings of a question for a position. */
interface Asking {
  readonly cluster: () => {
    readonly questions: { floor(): Promise<Position | undefined> }
    primary(): NodeView | undefined
  }
  readonly platform: Pick<Platform, 'now'>
  readonly positionAsked: (asked: PositionAsked) => void
}

/** Asks the primary for a position at or after everything committed by now, and reports the question. */
export async function askPosition({
  cluster,
  platform,
  positionAsked,
}: Asking): Promise<Position | undefined> {
  const node = cluster().primary()?.id
  const askedAtMs = platform.now()
  let position: Position | undefined
  try {
    position = await cluster().questions.floor()
    return position
  } finally {
    const durationMs = platform.now() - askedAtMs
    if (position === undefined) positionAsked({ node, durationMs })
    else {
      const { lsn, timeline } = position
      positionAsked({ node, durationMs, position: { timeline, lsn: formatLsn(lsn) } })
    }
  }
}
