import type { Pool } from '../../src/index.ts'
import type { Random } from '../../src/cli/demo/random.ts'
import type { History } from './history.ts'
import type { Registers } from './registers.ts'

/** One process of an application: a pool, the registers seen through it, and the number of the pool's own session. */
export interface Place {
  readonly pool: Pool
  readonly registers: Registers
  readonly session: number
}

export interface LoadOptions {
  readonly history: History
  /** Two, that hand sessions over to each other. */
  readonly places: readonly [Place, Place]
  readonly random: Random
  /** A session works on registers that lie together: so it meets again what it met, and what others wrote. */
  readonly families: number
  readonly callers: number
  readonly goesOn: () => boolean
}

export const FAMILY_SIZE = 4
const WRITES = 0.15

/** How sessions, and pools without one, come to their operations. */
export class Load {
  readonly #options: LoadOptions

  constructor(options: LoadOptions) {
    this.#options = options
  }

  /** Resolves when everything has begun and ended. */
  async run(): Promise<void> {
    const { callers, goesOn, random } = this.#options
    const caller = async (): Promise<void> => {
      while (goesOn()) {
        if (random.chance(0.2)) await this.#withoutSession()
        else if (random.chance(0.3)) await this.#handedOver()
        else await this.#inOneSession()
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
  }

  async #inOneSession(): Promise<void> {
    const place = this.#place()
    const session = this.#options.history.open('own', place.session)
    await place.pool.withSession(() => this.#visit(place.registers, session, this.#family(), 3, 12))
  }

  /** A session that goes on in the other process, there and back. */
  async #handedOver(): Promise<void> {
    const { history, random, places } = this.#options
    // Neither pool sees all that it writes, so it is no child of one.
    const session = history.open('own')
    let token: string | undefined
    const first = random.integer(0, 1)
    const family = this.#family()
    for (const index of [first, 1 - first, first]) {
      const { pool, registers } = index === 0 ? places[0] : places[1]
      token = await pool.withSession(token === undefined ? {} : { token }, async (given) => {
        await this.#visit(registers, session, family, 1, 4)
        return given.token()
      })
    }
  }

  async #withoutSession(): Promise<void> {
    const { registers, session } = this.#place()
    await this.#visit(registers, session, this.#family(), 3, 12)
  }

  async #visit(
    registers: Registers,
    session: number,
    family: number,
    least: number,
    most: number,
  ): Promise<void> {
    const { random } = this.#options
    for (let left = random.integer(least, most); left > 0; left--) {
      const register = 1 + family * FAMILY_SIZE + random.integer(0, FAMILY_SIZE - 1)
      if (random.chance(WRITES)) await this.#write(registers, session, register)
      else if (random.chance(0.03)) await registers.glance(register)
      else if (random.chance(0.1)) await this.#readTogether(registers, session, register)
      // What the primary shows is to be seen from then on, too.
      else await registers.read(session, register, random.chance(0.05) ? 'strong' : undefined)
    }
  }

  #write(registers: Registers, session: number, register: number): Promise<void> {
    if (this.#options.random.chance(0.1)) return registers.writeInTransaction(session, register)
    return registers.write(session, register)
  }

  async #readTogether(registers: Registers, session: number, register: number): Promise<void> {
    await Promise.all([registers.read(session, register), registers.read(session, register)])
  }

  #family(): number {
    return this.#options.random.integer(0, this.#options.families - 1)
  }

  #place(): Place {
    return this.#options.random.chance(0.5) ? this.#options.places[0] : this.#options.places[1]
  }
}
