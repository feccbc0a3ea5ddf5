import type { QueryResult } from 'pg'
import type { Consistency } from '../../src/consistency/mode.ts'
import type { Pool } from '../../src/index.ts'
import { outcomeOf } from '../../src/errors/outcome.ts'
import { ErrorsByText } from '../proofs/errors-by-text.ts'
import type { History } from './history.ts'
import { portOf } from './telling-client.ts'

/** A table of so many registers at version 0; they are numbered from 1. */
export function registersSchema(count: number): string {
  return `
    create table registers (id int primary key, version int not null) with (fillfactor = 40);
    insert into registers select g, 0 from generate_series(1, ${count}) g`
}

const READ = 'select version from registers where id = $1'
const WRITE = 'update registers set version = version + 1 where id = $1 returning version'

interface Row {
  readonly version: number
}

interface Told {
  readonly version: number
  readonly port: number
}

/** The registers of a database, as seen through one pool. Whatever is done to them is noted. */
export class Registers {
  readonly errors: ErrorsByText = new ErrorsByText()
  readonly #pool: Pool
  readonly #history: History

  constructor(pool: Pool, history: History) {
    this.#pool = pool
    this.#history = history
  }

  /** Reads a register; as the session has it, unless something else is said. */
  read(session: number, register: number, consistency?: Consistency): Promise<void> {
    const request = consistency === undefined ? {} : { consistency }
    return this.#note(session, register, 'read', () =>
      this.#version({ text: READ, values: [register], ...request }),
    )
  }

  /** Reads it from any replica. What that shows is nobody's promise, so it is not noted. */
  async glance(register: number): Promise<void> {
    await this.#pool.query({ text: READ, values: [register], route: 'replica' }).catch(() => {})
  }

  /** Puts a register to its next version. */
  write(session: number, register: number): Promise<void> {
    return this.#note(session, register, 'write', () => this.#version({ text: WRITE, values: [register] }))
  }

  /** The same in a transaction, which reads the register before. */
  writeInTransaction(session: number, register: number): Promise<void> {
    return this.#note(session, register, 'write', async () => {
      const client = await this.#pool.connect()
      let failure: Error | undefined
      try {
        await client.query('begin')
        await client.query(READ, [register])
        const result = await client.query<Row>(WRITE, [register])
        await client.query('commit')
        return told(result)
      } catch (error) {
        failure = error as Error
        throw error
      } finally {
        client.release(failure)
      }
    })
  }

  async #version(query: { readonly text: string; readonly values: number[] }): Promise<Told> {
    return told(await this.#pool.query<Row>(query))
  }

  async #note(
    session: number,
    register: number,
    kind: 'read' | 'write',
    send: () => Promise<Told>,
  ): Promise<void> {
    const operation = this.#history.begin(session, register, kind)
    try {
      const { version, port } = await send()
      this.#history.answered(operation, version, port)
    } catch (error) {
      this.#history.failed(operation, outcomeOf(error) === 'unknown' ? 'unknown' : 'failed')
      this.errors.add(error)
      // Whatever makes everything fail at once must not keep the machine from its cure.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

function told(result: QueryResult<Row>): Told {
  const [row] = result.rows
  if (row === undefined) throw new Error('The register is not there')
  return { version: row.version, port: portOf(result) }
}
