import type { Random } from '../../simulation/random.ts'
import { pause } from '../timings.ts'
import type { Fault } from './fault.ts'
import { FAULTS } from './faults.ts'
import type { History } from './history.ts'
import type { Scene } from './scene.ts'
import type { Story } from './story.ts'
import type { ChaosServer, World } from './world.ts'

/** Faults that are there at the same time, on different servers. */
const MOST_AT_ONCE = 2

export interface InjectorParts {
  readonly world: World
  readonly history: History
  readonly story: Story
  readonly random: Random
  readonly holdMs: Scene['holdMs']
  /** Names of the faults; all if absent. */
  readonly only?: readonly string[] | undefined
  /** Whether slow faults are left out. */
  readonly isShort: boolean
}

/** Deals out faults by its randomness: each once, then each again in another order. */
export class Injector {
  readonly #parts: InjectorParts
  readonly #running = new Map<ChaosServer, Promise<void>>()
  readonly #deck: Fault[] = []
  #count = 0
  #failure: Error | undefined

  constructor(parts: InjectorParts) {
    this.#parts = parts
  }

  /** Injects faults for so long, and resolves when all have ended. Rejects when one could not be injected. */
  async run(ms: number): Promise<void> {
    const { random, world } = this.#parts
    const faults = await this.#possible()
    const untilMs = performance.now() + ms
    while (performance.now() < untilMs) {
      if (this.#deck.length === 0) this.#deck.push(...shuffled(faults, random))
      const fault = this.#deck.shift()
      if (fault === undefined) return
      await this.#fewerThan(fault.isAlone === true ? 1 : MOST_AT_ONCE)
      if (fault.isAlone === true) await world.healed()
      this.#begin(fault, await this.#targetOf(fault))
      if (fault.isAlone === true) {
        await this.#fewerThan(1)
        await world.healed()
      }
      await pause(random.between(0, 400))
    }
    await this.#fewerThan(1)
  }

  async #fewerThan(count: number): Promise<void> {
    while (this.#running.size >= count) await Promise.race(this.#running.values())
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Leaves out faults that this world or this machine cannot have, and tells why. */
  async #possible(): Promise<readonly Fault[]> {
    const { isShort, only, story, world } = this.#parts
    const possible: Fault[] = []
    for (const fault of FAULTS) {
      if (!fault.worlds.includes(world.name) || only?.includes(fault.name) === false) continue
      if (fault.isSlow === true && isShort) continue
      const missing = await fault.missing?.()
      if (missing === undefined) possible.push(fault)
      else story.tell(`${fault.name} is left out: ${missing}`)
    }
    return possible
  }

  /** A server without a fault. Promotions and faults of all servers need all of them to be well. */
  async #targetOf({ hits }: Fault): Promise<ChaosServer> {
    const { random, world } = this.#parts
    for (;;) {
      const primary = await world.primary()
      const wanted = world.servers.filter(
        (server) => hits === 'any' || (server === primary) === (hits === 'primary'),
      )
      const free = wanted.filter((server) => !this.#running.has(server))
      if (free.length > 0) return random.pick(free)
      await Promise.race(this.#running.values())
    }
  }

  #begin(fault: Fault, server: ChaosServer): void {
    const { history, holdMs, random, story, world } = this.#parts
    const name = `${fault.name} ${(this.#count += 1)}`
    const tell = (text: string): void => story.tell(`${name}: ${text}`)
    story.fault(fault.name, `${name} begins at ${server.name}`)
    const scene: Scene = { world, history, random: random.fork(name), holdMs, tell }
    const ended = fault.run(scene, server).then(
      () => tell('ends'),
      (error: unknown) => {
        this.#failure ??= new Error(`${name} at ${server.name} could not be injected`, { cause: error })
      },
    )
    this.#running.set(
      server,
      ended.finally(() => this.#running.delete(server)),
    )
  }
}

function shuffled(faults: readonly Fault[], random: Random): readonly Fault[] {
  return faults
    .map((fault) => ({ fault, place: random.next() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ fault }) => fault)
}
