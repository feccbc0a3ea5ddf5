import type { Lsn } from '../topology/lsn.ts'

/** How far a node has come: the branch of history that it is on, and where on it. */
export interface Progress {
  readonly timeline: number
  readonly lsn: Lsn
}

/** A place in a cluster's history, as a primary gave it. */
export interface Position extends Progress {
  /** Tells clusters apart: copies of one `initdb` share it. An unsigned 64-bit number as PostgreSQL prints it. */
  readonly systemIdentifier: string
}

/**
 * Whether a node that was seen at `seen` shows everything up to `wanted`, both of the same cluster. A node on an older
 * timeline may hold a history that the cluster has left, however far it has come. On a newer timeline the position
 * counts all the same: up to the switch both timelines share their history, and what lay behind it is lost.
 *
 * Also tells whether a position can be true: a primary that does not reach it never had it, or has lost it.
 */
export function reaches(seen: Progress, wanted: Progress): boolean {
  return seen.timeline >= wanted.timeline && seen.lsn >= wanted.lsn
}

/** As `reaches`, of positions of which it is not known that they are of one cluster. */
export function shows(seen: Position, wanted: Position): boolean {
  return seen.systemIdentifier === wanted.systemIdentifier && reaches(seen, wanted)
}

/**
 * The position that implies both, as far as both survived. On one timeline it is the farther one, on two the one on the
 * newer timeline, even if it is the lower one.
 *
 * Proof for two timelines: the newer position was given by a primary on the newer timeline, so it is at or behind the
 * switch. What survived of the older timeline lies before the switch, so the newer position implies it. If the older
 * position is nevertheless the higher one, it lay behind the switch: it is lost, and waiting for the newer timeline to
 * come as far would be waiting for nothing, perhaps for ever. Hence only positions of primaries may be given here: a
 * replica may name a timeline whose beginning it has not replayed yet.
 *
 * Positions of two clusters cannot be compared; then `heard`, the one that came later, counts.
 */
export function later(known: Position, heard: Position): Position {
  if (known.systemIdentifier !== heard.systemIdentifier) return heard
  if (known.timeline !== heard.timeline) return known.timeline > heard.timeline ? known : heard
  return known.lsn > heard.lsn ? known : heard
}
