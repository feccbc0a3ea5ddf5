import type { Random } from './random.ts'
import { APPEND, READ_LOG, READ_LOGGED, ROWS, sql, TABLES } from './statements.ts'

/** The connections of a program: two to the primary, one to a replica. */
export const CONNECTIONS = 3
export const STANDBY = 2

/** A statement over one connection. */
export interface ProgramStep {
  readonly connection: number
  readonly text: string
  readonly values: readonly number[]
}

/** A connection's transaction, as far as no statement may wait for the other one. */
interface Open {
  isOpen: boolean
  readonly locked: Set<string>
  savepoints: number
}

/** Makes a program of statements of which none waits for another. */
export function programOf(random: Random, firstValue: number): readonly ProgramStep[] {
  const opens = Array.from({ length: CONNECTIONS }, (): Open => ({
    isOpen: false,
    locked: new Set(),
    savepoints: 0,
  }))
  const steps: ProgramStep[] = []
  const add = (connection: number, text: string, ...values: number[]): void =>
    void steps.push({ connection, text, values })
  const length = 10 + random.below(10)
  while (steps.length < length) {
    const connection = random.chance(0.05) ? STANDBY : random.below(2)
    const open = opens[connection] as Open
    const other = opens[1 - connection]
    // Few rows, so that repeatable reads meet the changes of others; one row does not exist.
    const table = random.chance(0.7) ? TABLES[0] : TABLES[1]
    const row = 1 + random.below(random.chance(0.7) ? 2 : ROWS + 1)
    const isFree = (key: string): boolean => {
      if (other?.locked.has(key) === true) return false
      if (open.isOpen) open.locked.add(key)
      return true
    }
    const value = firstValue + steps.length
    switch (
      random.weighted({
        control: 25,
        read: 20,
        all: 10,
        update: 20,
        returning: 5,
        lock: 5,
        append: 10,
        log: 5,
      })
    ) {
      case 'control':
        control(random, open, (text) => add(connection, text))
        break
      case 'read':
        if (random.chance(0.2)) add(connection, READ_LOGGED, random.below(60))
        else add(connection, sql.read(table), row)
        break
      case 'all':
        add(connection, sql.readAll(table))
        break
      case 'update':
        if (isFree(`${table}:${row}`)) add(connection, sql.update(table), row, value)
        break
      case 'returning':
        if (isFree(`${table}:${row}`)) add(connection, sql.returning(table), row, value)
        break
      case 'lock':
        if (isFree(`${table}:${row}`)) add(connection, sql.lock(table), row)
        break
      case 'append': {
        const id = random.below(60)
        if (isFree(`log:${id}`)) add(connection, APPEND, id, value)
        break
      }
      case 'log':
        add(connection, READ_LOG)
        break
    }
  }
  for (const [connection, open] of opens.entries()) if (open.isOpen) add(connection, 'ROLLBACK')
  return steps
}

function control(random: Random, open: Open, add: (text: string) => void): void {
  if (!open.isOpen) {
    open.isOpen = true
    add(
      random.pick([
        'BEGIN',
        'BEGIN',
        'BEGIN READ ONLY',
        'BEGIN ISOLATION LEVEL REPEATABLE READ',
        'BEGIN ISOLATION LEVEL REPEATABLE READ',
        'START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY',
      ]),
    )
    return
  }
  switch (random.pick(['commit', 'commit', 'rollback', 'savepoint', 'back', 'release'] as const)) {
    case 'commit':
    case 'rollback':
      add(random.chance(0.7) ? 'COMMIT' : 'ROLLBACK')
      open.isOpen = false
      open.locked.clear()
      open.savepoints = 0
      return
    case 'savepoint':
      open.savepoints += 1
      return add(`savepoint s${open.savepoints}`)
    case 'back':
      return add(`rollback to savepoint s${1 + random.below(open.savepoints + 1)}`)
    case 'release':
      return add(`release savepoint s${1 + random.below(open.savepoints + 1)}`)
  }
}
