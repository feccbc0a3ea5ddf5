import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Outcome } from './run-all.ts'
import type { Row } from './run.ts'

/** What came of the last run of each project: a line for each statement, and how many were left out for what. */
export class Records {
  readonly #folder: string

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#folder = folder
  }

  write(project: string, { rows, omitted }: Outcome): void {
    const lines = rows.map((row) => JSON.stringify(row)).join('\n')
    writeFileSync(this.#path(project, 'jsonl.gz'), gzipSync(lines))
    writeFileSync(this.#path(project, 'left-out.json'), JSON.stringify([...omitted]))
  }

  read(project: string): Outcome {
    const lines = gunzipSync(readFileSync(this.#path(project, 'jsonl.gz')))
      .toString()
      .split('\n')
    const omitted = JSON.parse(readFileSync(this.#path(project, 'left-out.json'), 'utf8')) as [
      string,
      number,
    ][]
    return {
      rows: lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row),
      omitted: new Map(omitted),
    }
  }

  #path(project: string, extension: string): string {
    return join(this.#folder, `${project}.${extension}`)
  }
}
