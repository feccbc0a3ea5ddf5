import { median } from '../timings.ts'

/** A value at a time, in hours. */
export interface Point {
  readonly atHours: number
  readonly value: number
}

/**
 * Growth by the hour: the median of the slopes between all pairs of points, as Theil and Sen have it. Up to a quarter of
 * the points may be outliers without an effect. 0 with fewer than two points.
 */
export function growthPerHour(points: readonly Point[]): number {
  const slopes: number[] = []
  for (const [index, from] of points.entries()) {
    for (const to of points.slice(index + 1)) {
      if (to.atHours > from.atHours) slopes.push((to.value - from.value) / (to.atHours - from.atHours))
    }
  }
  return median(slopes)
}

/** The growth during the second half of the points, by their slope. The first half is for caches to fill. */
export function laterGrowth(points: readonly Point[]): number {
  const later = points.slice(Math.floor(points.length / 2))
  const [first, last] = [later[0], later.at(-1)]
  if (first === undefined || last === undefined) return 0
  return growthPerHour(later) * (last.atHours - first.atHours)
}
