/** `0 ms`, `850 ms`, `1.3 s`. */
export function formatDuration(durationMs: number): string {
  return durationMs < 999.5 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`
}

/** Latencies are small: `0.84 ms`, `12.3 ms`, `1.2 s`. */
export function formatLatency(durationMs: number): string {
  if (durationMs >= 999.5) return formatDuration(durationMs)
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 1)} ms`
}

/** `12 345`: spaces between the thousands mean the same everywhere. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(?:\d{3})+$)/g, ' ')
}

/** `93.4 %`, rounded down: 100 % means all of them. */
export function formatShare(share: number, digits = 1): string {
  const scale = 10 ** digits
  return `${(Math.floor(share * 100 * scale + 1e-9) / scale).toFixed(digits)} %`
}

/** `00:07`. */
export function formatClock(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000)
  return `${pad(Math.floor(seconds / 60))}:${pad(seconds % 60)}`
}

function pad(count: number): string {
  return String(count).padStart(2, '0')
}

/** `1 error`, `2 errors`. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
