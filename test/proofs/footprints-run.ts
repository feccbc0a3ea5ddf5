import { meets, type RelationSet } from '../../src/catalog/footprint.ts'
import type { Outcome } from '../corpus/outcomes.ts'
import { changedBetween, contentsOf } from '../support/contents.ts'
import type { Connection } from './connection.ts'
import type { ProvingGround } from './proving-ground.ts'

/** A relation that was changed, though the footprint of what was run does not say so. */
export interface Miss {
  readonly file: string
  readonly sql: string
  readonly relation: string
}

export interface FootprintFigures {
  /** Statements that succeeded and may write. */
  writes: number
  /** Of those, the ones whose footprint is bounded, and what they really changed was looked at. */
  bounded: number
  /** Relations whose contents were others after a bounded statement, or after the transaction that it was in. */
  changed: number
  readonly misses: Miss[]
}

/** Runs the statements in order, and compares the contents of all relations before and after each that is bounded. */
export async function replayFootprints(
  ground: ProvingGround,
  outcomes: readonly Outcome[],
  onFile: (file: string) => void = () => {},
): Promise<FootprintFigures> {
  const figures: FootprintFigures = { writes: 0, bounded: 0, changed: 0, misses: [] }
  const observer = ground.client()
  let client = ground.client()
  let replay: FileReplay | undefined
  for (const outcome of outcomes) {
    if (replay?.file !== outcome.file) {
      await client.close()
      client = ground.client()
      ground.changed()
      replay = new FileReplay(outcome.file, { ground, client, observer, figures })
      onFile(outcome.file)
    }
    await replay.run(outcome.sql)
  }
  await Promise.all([client.close(), observer.close()])
  return figures
}

interface Parts {
  readonly ground: ProvingGround
  readonly client: Connection
  readonly observer: Connection
  readonly figures: FootprintFigures
}

class FileReplay {
  readonly file: string
  readonly #parts: Parts
  /** What everybody could see before the statements that are not compared yet. */
  #before: ReadonlyMap<string, string> | undefined
  /** What these may have changed. */
  readonly #changes: RelationSet[] = []
  readonly #texts: string[] = []

  constructor(file: string, parts: Parts) {
    this.file = file
    this.#parts = parts
  }

  async run(sql: string): Promise<void> {
    const { client, figures, ground } = this.#parts
    const { footprint, mayWrite } = await ground.judgeWholly(sql)
    const isBounded = footprint.changes !== 'everything'
    if (isBounded && mayWrite) this.#before ??= await this.#look()
    const answer = await client.answer(sql)
    if (!mayWrite) return
    if (answer === 'ok') figures.writes += 1
    this.#changes.push(footprint.changes)
    this.#texts.push(sql)
    if (!isBounded) ground.changed()
    // What is in an open transaction is not seen before its end.
    if (await client.isInTransaction()) return
    if (this.#changes.every((changes) => changes !== 'everything')) await this.#compare(answer === 'ok')
    else this.#before = undefined
    this.#changes.length = this.#texts.length = 0
  }

  async #compare(isDone: boolean): Promise<void> {
    const { figures, ground } = this.#parts
    const before = this.#before
    const after = await this.#look()
    this.#before = after
    if (before === undefined || after === undefined) return
    if (isDone) figures.bounded += 1
    const changed = changedBetween(before, after)
    figures.changed += changed.length
    for (const relation of changed) {
      const { footprint } = await ground.judgeWholly(`SELECT * FROM ONLY ${relation}`)
      if (this.#changes.some((changes) => meets(changes, footprint.shows))) continue
      figures.misses.push({ file: this.file, sql: this.#texts.join(';\n'), relation })
    }
  }

  /** Undefined where something cannot be read. */
  async #look(): Promise<ReadonlyMap<string, string> | undefined> {
    try {
      return await contentsOf((sql) => this.#parts.observer.rows(sql))
    } catch {
      return undefined
    }
  }
}
