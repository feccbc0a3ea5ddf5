import type { Lsn } from '../topology/lsn.ts'

/**
 * A timeline and a position in its WAL.
 *
 * @example
 * const isAhead = (one: Progress, other: Progress) =>
 *   one.timeline === other.timeline && one.lsn > other.lsn
 */
export interface Progress {
  readonly timeline: number
  readonly lsn: Lsn
}

/**
 * A WAL position that a primary of the cluster reported.
 *
 * @example
 * const position: Position = { systemIdentifier: '7400000000000000000', timeline: 1, lsn: 0x3000060n }
 */
export interface Position extends Progress {
  /**
   * Identifies the cluster: all servers that stem from one `initdb` share it. Unsigned 64-bit number as PostgreSQL
   * prints it.
   */
  readonly systemIdentifier: string
}

/**
 * Whether a node at `seen` shows everything up to `wanted`, both of the same cluster. A node on an older timeline may
 * hold WAL that the cluster has abandoned, however far it is. On a newer timeline the position counts as it is. Up to
 * the switch both timelines share their history, and what came after it is lost.
 *
 * Also tells whether a position can be genuine: a primary that has not reached it never wrote it, or has lost it.
 */
export function reaches(seen: Progress, wanted: Progress): boolean {
  return seen.timeline >= wanted.timeline && seen.lsn >= wanted.lsn
}

/** Like `reaches`, for positions that may belong to different clusters. */
export function shows(seen: Position, wanted: Position): boolean {
  return seen.systemIdentifier === wanted.systemIdentifier && reaches(seen, wanted)
}

/**
 * Returns the position that implies both, as far as they survived. On one timeline it is the higher one. On two it is
 * the one on the newer timeline, even if it is lower.
 *
 * Proof for two timelines: the newer position was given by a primary on the newer timeline, so it is at or behind the
 * switch. Surviving commits of the older timeline lie before the switch, so the newer position implies them. If the
 * older position is nevertheless the higher one, it lay behind the switch and is lost. Waiting for the newer timeline
 * to reach it would be pointless, and might never end. So only positions of primaries may be passed. A replica may name
 * a timeline whose beginning it has not replayed yet.
 *
 * Positions of two clusters cannot be compared. Then it is `heard`, the one that arrived later.
 */
export function later(known: Position, heard: Position): Position {
  if (known.systemIdentifier !== heard.systemIdentifier) return heard
  if (known.timeline !== heard.timeline) return known.timeline > heard.timeline ? known : heard
  return known.lsn > heard.lsn ? known : heard
}
