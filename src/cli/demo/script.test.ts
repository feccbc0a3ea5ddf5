import { describe, expect, it } from 'vitest'
import { Chronicle } from './chronicle.ts'
import { runScript } from './script.ts'

/** Runs the script over a clock that jumps; `reacts` says whether the router ever notices anything. */
async function play(seconds: number, overAtMs = Infinity): Promise<readonly string[]> {
  const log: string[] = []
  let nowMs = 0
  const at = (what: string): void => void log.push(`${what} ${(nowMs / 1000).toFixed(1)}`)
  const lever = (what: string) => async (): Promise<void> => at(what)
  await runScript({
    seconds,
    levers: {
      name: 'replica 2',
      pauseReplay: lever('pause'),
      resumeReplay: lever('resume'),
      kill: lever('kill'),
      start: lever('start'),
    },
    observer: {
      get elapsedMs() {
        return nowMs
      },
      until: async () => {
        nowMs += 1500
      },
    },
    chronicle: new Chronicle(() => nowMs),
    clock: {
      now: () => nowMs,
      pause: async (durationMs) => {
        nowMs += Math.max(0, durationMs)
      },
      get isOver() {
        return nowMs >= overAtMs
      },
    },
  })
  return log
}

describe('the script', () => {
  it('hurts a replica twice, at a quarter and at half of the time', async () => {
    expect(await play(15)).toEqual(['pause 3.8', 'resume 6.0', 'kill 7.5', 'start 10.5'])
  })

  it('waits for effects when the time is short, and still tells the whole story', async () => {
    expect(await play(4)).toEqual(['pause 1.0', 'resume 3.0', 'kill 4.5', 'start 6.5'])
  })

  it('ends when the time is over', async () => {
    expect(await play(4, 4000)).toEqual(['pause 1.0', 'resume 3.0'])
  })
})
