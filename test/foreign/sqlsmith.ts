import { spawn } from 'node:child_process'
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

/** Statements as SQLsmith prints them; each ends with a line that ends with a semicolon. */
async function* madeUp(ground: ProvingGround): AsyncGenerator<string> {
  const { host, port, user, password, database } = ground.primaryConfig
  const target = `host=${host} port=${port} user=${user} password=${password} dbname=${database}`
  const args = ['--dry-run', `--seed=${options.seed}`, `--max-queries=${options.statements}`]
  const child = spawn(options.program, [`--target=${target}`, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    let statement = ''
    for await (const line of createInterface(child.stdout)) {
      statement += `${line}\n`
      if (!line.trimEnd().endsWith(';')) continue
      yield statement.trim().replace(/;$/, '')
      statement = ''
    }
  } finally {
    child.kill()
  }
}
