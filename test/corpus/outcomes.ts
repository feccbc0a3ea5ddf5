import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** One statement, and what real servers answered; see the README. */
export interface Outcome {
  readonly file: string
  readonly sql: string
  readonly primary: string
  readonly standby: string
}

const besideThis = join(import.meta.dirname, 'standby-outcomes.jsonl.gz')

export function readOutcomes(path: string = besideThis): readonly Outcome[] {
  const lines = gunzipSync(readFileSync(path)).toString().trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as Outcome)
}
