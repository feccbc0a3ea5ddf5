import type { Chronicle } from './chronicle.ts'
import type { Clock } from './clock.ts'
import type { Observer } from './observer.ts'
import type { Levers } from './servers.ts'

export interface ScriptOptions {
  readonly levers: Levers
  readonly observer: Pick<Observer, 'elapsedMs' | 'until'>
  readonly chronicle: Chronicle
  readonly clock: Clock
  /** How long the load runs. */
  readonly seconds: number
}

/** Earliest times of the steps, as shares of the whole time. */
const PAUSE_AT = 0.25
const RESUME_AT = 0.4
const KILL_AT = 0.5
const RESTART_AT = 0.7
/** Minimum time that a replica is out, so that the display shows it. */
const SHORTEST_OUTAGE_MS = 500

/**
 * Runs the failures of one replica: its replay is paused until it leaves the rotation, then resumed; it is killed and
 * restarted. Each step waits for the effect of the previous one, so a short run has the same steps.
 */
export async function runScript(options: ScriptOptions): Promise<void> {
  const { levers, observer, chronicle, clock, seconds } = options
  const { name } = levers
  const reached = (share: number): Promise<void> => clock.pause(share * seconds * 1000 - observer.elapsedMs)
  const steps: readonly (() => Promise<void>)[] = [
    () => reached(PAUSE_AT),
    async () => {
      await levers.pauseReplay()
      chronicle.tell(name, 'replay paused')
    },
    () => observer.until(name, (node) => node.standing !== 'in rotation'),
    () => clock.pause(SHORTEST_OUTAGE_MS),
    () => reached(RESUME_AT),
    async () => {
      // Before it is: a pool may notice sooner than the server has answered.
      chronicle.tell(name, 'replay resumed')
      await levers.resumeReplay()
    },
    () => observer.until(name, (node) => node.standing === 'in rotation'),
    () => reached(KILL_AT),
    async () => {
      chronicle.tell(name, 'kill -9')
      await levers.kill()
    },
    () => observer.until(name, (node) => node.standing === 'down'),
    () => clock.pause(SHORTEST_OUTAGE_MS),
    () => reached(RESTART_AT),
    async () => {
      chronicle.tell(name, 'starting again')
      await levers.start()
    },
  ]
  for (const step of steps) {
    if (clock.isOver) return
    await step()
  }
}
