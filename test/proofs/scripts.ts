import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOutcomes } from '../corpus/outcomes.ts'
import { splitScript } from '../../src/cli/dry-run/split-script.ts'
import type { Script } from './transparency-run.ts'

/** These make what all the others use. */
const FIRST = ['test_setup.sql', 'create_misc.sql']

/** The corpus, or the scripts of a directory, those that others need first. */
export function scriptsOf(directory: string | undefined): readonly Script[] {
  const scripts = directory === undefined ? corpus() : readDirectory(directory)
  return scripts.toSorted((one, other) => rank(one) - rank(other))
}

function rank({ file }: Script): number {
  const at = FIRST.indexOf(file)
  return at === -1 ? FIRST.length : at
}

function corpus(): readonly Script[] {
  const byFile = new Map<string, string[]>()
  for (const { file, sql } of readOutcomes('test/corpus/standby-outcomes.jsonl.gz')) {
    const statements = byFile.get(file)
    if (statements === undefined) byFile.set(file, [sql])
    else statements.push(sql)
  }
  return [...byFile].map(([file, statements]) => ({ file, statements }))
}

function readDirectory(directory: string): readonly Script[] {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
  return files.map((file) => ({ file, statements: splitScript(readFileSync(join(directory, file), 'utf8')) }))
}
