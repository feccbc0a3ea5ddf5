import type { Figures } from './compare.ts'

/** Prints the figures of one cell in a line. */
export function told(cell: string, { contenders, overBare, overEventual, overUnwritten }: Figures): void {
  const { causal } = contenders
  if (causal === undefined) return
  const { median, min, max } = overBare.readsPerSecond
  const errors = Object.values(contenders).reduce((sum, each) => sum + each.errors, 0)
  const parts = [
    `${median.toFixed(2)} × bare (${min.toFixed(2)}–${max.toFixed(2)})`,
    `p50 ${overBare.p50.median.toFixed(2)} × (${causal.reads.p50Ms} ms)`,
    `p99 ${overBare.p99.median.toFixed(2)} × (${causal.reads.p99Ms} ms)`,
    `${(100 * causal.primaryShare).toFixed(1)} % on the primary`,
    `${causal.staleReads} stale`,
    `${causal.questionsPerWrite} questions a write`,
  ]
  if (overEventual !== undefined) {
    parts.push(
      `${overEventual.readsPerSecond.median.toFixed(2)} × eventual (${contenders.eventual?.staleReads} stale)`,
    )
  }
  if (overUnwritten !== undefined) {
    parts.push(
      `readers ${overBare.readersP50.median.toFixed(2)} × bare's p50, ${overUnwritten.readersP50.median.toFixed(2)} × the p50 without writes of the pool`,
    )
  }
  if (errors > 0) parts.push(`${errors} errors`)
  console.log(`${cell}: ${parts.join(', ')}`)
}
