import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { rounded } from '../../test/proofs/timings.ts'
import type { Pool, Session } from '../../src/index.ts'

export interface MemoryFigures {
  readonly sessions: number
  readonly bytesEach: number
  /** Timers that they have left. */
  readonly timers: number
}

/** What so many sessions cost that are all kept. */
export function memoryOfSessions(pool: Pool, count: number): MemoryFigures {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const sessions: (Session | undefined)[] = Array.from({ length: count }, () => undefined)
  collect()
  const [before, timersBefore] = [process.memoryUsage().heapUsed, timers()]
  for (let index = 0; index < count; index++) sessions[index] = pool.withSession((session) => session)
  collect()
  const bytes = process.memoryUsage().heapUsed - before
  const bytesEach = rounded(bytes / sessions.length, 0)
  return { sessions: sessions.length, bytesEach, timers: timers() - timersBefore }
}
