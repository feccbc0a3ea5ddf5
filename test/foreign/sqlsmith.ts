import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createInterface } from 'node:readline'
import { grammarSchema } from '../proofs/grammar-schema.ts'
import { ProvingGround } from '../proofs/proving-ground.ts'
import { SETTINGS } from './settings.ts'
import { runMadeUp } from './made-up.ts'

/**
 * Has SQLsmith make up statements from the catalog of a real server, judges them, and runs those that are reads on the
 * standby. Fails when one is refused for being on a standby, or changes the session there. Ends with 2 without SQLsmith.
 */
const { values: options } = parseArgs({
  options: {
    statements: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    program: { type: 'string', default: '/usr/bin/sqlsmith' },
  },
})

if (existsSync(options.program)) {
  process.exitCode = await run()
} else {
  console.error(`There is no ${options.program}: the Debian package "sqlsmith" has it.`)
  process.exitCode = 2
}

async function run(): Promise<0 | 1> {
  console.log(`${options.statements} statements, seed ${options.seed}`)
  const ground = await ProvingGround.open(SETTINGS)
  try {
    const client = ground.client()
    await client.rows(grammarSchema)
    await client.close()
    ground.changed()
    const found = await runMadeUp(ground, madeUp(ground), (text) => console.log(text))
    console.log(found)
    // SQLsmith that cannot connect, or ends at once, proves nothing.
    if (found.reads === 0) throw new Error(`None of ${found.statements} statements was judged a read`)
    return found.dangerous.length === 0 ? 0 : 1
  } finally {
    await ground.close()
  }
}

/** As many statements as are wanted. Where SQLsmith ends before it has made them, it goes on with the next seed. */
async function* madeUp(ground: ProvingGround): AsyncGenerator<string> {
  const [wanted, first] = [Number(options.statements), Number(options.seed)]
  let made = 0
  for (let seed = first; made < wanted; seed++) {
    const before = made
    for await (const sql of madeUpBy(ground, seed, wanted - made)) {
      made += 1
      yield sql
    }
    console.log(`seed ${seed}: ${made - before} statements`)
    if (made === before) throw new Error(`SQLsmith made none of seed ${seed}`)
  }
}

/** Statements as SQLsmith prints them; each ends with a line that ends with a semicolon. */
async function* madeUpBy(ground: ProvingGround, seed: number, most: number): AsyncGenerator<string> {
  const { host, port, user, password, database } = ground.primaryConfig
  const target = `host=${host} port=${port} user=${user} password=${password} dbname=${database}`
  const args = [`--target=${target}`, '--dry-run', `--seed=${seed}`, `--max-queries=${most}`]
  const child = spawn(options.program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-500)))
  const ended = once(child, 'close')
  try {
    let statement = ''
    for await (const line of createInterface(child.stdout)) {
      statement += `${line}\n`
      if (!line.trimEnd().endsWith(';')) continue
      yield statement.trim().replace(/;$/, '')
      statement = ''
    }
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null]
    if (code !== 0) console.log(`SQLsmith ended with ${signal ?? code}: ${said.trim()}`)
  } finally {
    child.kill()
  }
}
