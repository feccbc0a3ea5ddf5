import { pause } from '../../test/proofs/timings.ts'
import { applyDelay } from '../../test/support/apply-delay.ts'
import type { Random } from '../../src/cli/demo/random.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import type { Contender } from './ground.ts'

export interface SessionsLoad {
  readonly sessions: number
  readonly roundMs: number
  /**
   * Mean wait of a session before a read that does not follow its write at once. Waits are 0.5 to 1.5 times as long.
   */
  readonly thinkMs: number
  readonly random: Random
}

/** Sessions that write, read what they wrote at once, and read eight times more with pauses, again and again. */
export async function runSessions(contender: Contender, load: SessionsLoad): Promise<void> {
  const { random, roundMs, sessions, thinkMs } = load
  const untilMs = performance.now() + roundMs
  const think = (): Promise<void> => pause(thinkMs * random.between(0.5, 1.5))
  const visit = async (register: number): Promise<void> => {
    const session = contender.history.open('own', contender.session)
    await pause(random.between(0, 8 * thinkMs))
    while (performance.now() < untilMs) {
      await contender.write(session, register)
      await contender.read(session, register, true)
      for (let n = 0; n < 8 && performance.now() < untilMs; n++) {
        await think()
        await contender.read(session, register)
      }
    }
  }
  const visits = Array.from({ length: sessions }, (_, index) =>
    contender.pool.withSession(() => visit(1 + index)),
  )
  await Promise.all(visits)
}

export interface ProcessLoad {
  readonly writesPerSecond: number
  readonly readers: number
  readonly registers: number
  readonly roundMs: number
  readonly thinkMs: number
  readonly random: Random
}

/** Readers outside of any session, and a writer with a steady pace. */
export async function runProcess(contender: Contender, load: ProcessLoad): Promise<void> {
  const { random, readers, registers, roundMs, thinkMs, writesPerSecond } = load
  const { session } = contender
  const startedAtMs = performance.now()
  const isOver = (): boolean => performance.now() - startedAtMs > roundMs
  const register = (): number => random.integer(1, registers)
  const reader = async (): Promise<void> => {
    while (!isOver()) {
      await contender.read(session, register())
      await pause(thinkMs * random.between(0.5, 1.5))
    }
  }
  const writer = async (): Promise<void> => {
    const writes: Promise<void>[] = []
    while (!isOver()) {
      const due = Math.floor(((performance.now() - startedAtMs) * writesPerSecond) / 1000) + 1
      while (writes.length < due) writes.push(contender.write(session, register()))
      await pause(Math.min(1000 / writesPerSecond, 20))
    }
    await Promise.all(writes)
  }
  await Promise.all([writer(), ...Array.from({ length: readers }, reader)])
}

/** Gives each replica another lag from 5 to 50 ms every second, while `work` is done. */
export async function whileLagsChange(cluster: Cluster, random: Random, work: Promise<void>): Promise<void> {
  let isOver = false
  const change = async (): Promise<void> => {
    while (!isOver) {
      await Promise.all(cluster.replicas.map((node) => applyDelay(node, random.between(5, 50))))
      await pause(1000)
    }
  }
  await Promise.all([change(), work.finally(() => (isOver = true))])
}
