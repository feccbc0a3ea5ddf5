import { Client, type ClientConfig } from 'pg'
import { meets, type Footprint } from '../../../src/catalog/footprint.ts'
import type { Catalog } from '../../../src/catalog/catalog.ts'
import { loadCatalog } from '../../../src/catalog/loader.ts'
import { createJudge } from '../../../src/statement/caching-judge.ts'
import type { Judge } from '../../../src/statement/judge.ts'
import type { SqlParser } from '../../../src/statement/parser.ts'
import { provesRead } from '../../../src/statement/proves-read.ts'
import { usesIn } from '../../../src/statement/uses-in.ts'
import { changedBetween } from '../../support/contents.ts'
import { Arena, type Answer } from './arena.ts'
import type { Plan, Programs } from './generate.ts'
import { areMet } from './met.ts'
import type { Piece, Program } from './program.ts'

/** A write, and what shows it although their footprints do not meet: a read, another write, or a relation's contents. */
export interface Miss {
  readonly write: Program
  readonly read?: Program
  readonly relation?: string
  readonly footprints: string
  /** Before and after the write. */
  readonly answers?: readonly [string, string]
  readonly isLater: boolean
}

/** How many statements there were, and of those how many had a bounded footprint, succeeded, and changed something. */
export interface Share {
  statements: number
  bounded: number
  succeeded: number
  effective: number
}

export interface Figures {
  /** Pairs of a write that changed something and a statement asked before and after it. */
  pairs: number
  /** Of those, the ones whose answers differed. */
  differing: number
  /** Of those that differed, the ones where both footprints are bounded. */
  proven: number
  /** Pairs that do not meet. */
  apart: number
  /** Of those, the ones whose relations meet, by different keys. */
  apartByKey: number
  readonly writes: Map<string, Share>
  readonly reads: Map<string, Share>
  readonly builds: Map<string, { built: number; failed: number; error: string }>
  readonly outcomes: Map<string, number>
}

export const noFigures = (): Figures => ({
  pairs: 0,
  differing: 0,
  proven: 0,
  apart: 0,
  apartByKey: 0,
  writes: new Map(),
  reads: new Map(),
  builds: new Map(),
  outcomes: new Map(),
})

export interface Stage {
  readonly owner: Client
  readonly config: ClientConfig
  readonly parser: SqlParser
  readonly figures: Figures
}

const LARGE_OBJECTS = 'pg_catalog.pg_largeobject'
const MOST_WRITES_ASKED = 6
let databases = 0

/** Builds what is planned in a database of its own, and tries all pairs of its statements. */
export async function runPlan(plan: Plan, stage: Stage): Promise<readonly Miss[]> {
  databases += 1
  const arena = await Arena.open(stage.owner, stage.config, `random_${databases}`)
  const trial = new Trial(arena, stage)
  try {
    await trial.build(plan.pieces, arena.client)
    const misses = [...(await trial.run(plan.programs, false))]
    const other = new Client({ ...stage.config, database: `random_${databases}` })
    other.on('error', () => {})
    await other.connect()
    await trial.build(plan.laterPieces, other)
    await other.end()
    misses.push(...(await trial.run(plan.laterPrograms, true)))
    return misses
  } finally {
    await arena.close()
  }
}

class Trial {
  readonly #arena: Arena
  readonly #stage: Stage
  readonly #judge: Judge
  #catalog: Catalog | undefined

  constructor(arena: Arena, stage: Stage) {
    this.#arena = arena
    this.#stage = stage
    this.#judge = createJudge({
      parser: stage.parser,
      catalog: () => this.#loaded,
      cacheBytes: 2 ** 20,
      maxSqlBytes: 2 ** 16,
    })
  }

  get #loaded(): Catalog {
    if (this.#catalog === undefined) throw new Error('The catalog is not loaded')
    return this.#catalog
  }

  async build(pieces: readonly Piece[], client: Client): Promise<void> {
    for (const piece of pieces) {
      const error = await this.#arena.build(piece, client)
      const { builds } = this.#stage.figures
      const build = builds.get(piece.feature) ?? { built: 0, failed: 0, error: '' }
      if (error === undefined) build.built += 1
      else {
        build.failed += 1
        build.error = error
      }
      builds.set(piece.feature, build)
    }
  }

  /** Loads the catalog, and tries each write with all reads and some of the other writes. */
  async run({ reads, writes }: Programs, isLater: boolean): Promise<readonly Miss[]> {
    await this.#load()
    const { figures } = this.#stage
    // Writes show, too: by what they return, and by their errors.
    const asked = [...reads, ...writes.slice(0, MOST_WRITES_ASKED)]
    for (const program of reads) this.#count(figures.reads, program)
    await this.#arena.begin()
    const before = await this.#arena.contents()
    const answers: Answer[] = []
    for (const program of asked) answers.push(await this.#arena.ask(program))
    const misses: Miss[] = []
    for (const write of writes) {
      const footprint = this.#footprint(write)
      const share = this.#count(figures.writes, write)
      await this.#arena.try(write, async ({ outcome }) => {
        figures.outcomes.set(outcome, (figures.outcomes.get(outcome) ?? 0) + 1)
        if (outcome === 'ok') share.succeeded += 1
        const changed = changedBetween(before, await this.#arena.contents())
        if (changed.length === 0) return
        share.effective += 1
        for (const relation of changed) {
          if (meets(footprint.changes, this.#shown(relation))) continue
          misses.push({ write, relation, footprints: spell(footprint), isLater })
        }
        for (const [index, read] of asked.entries()) {
          const known = this.#footprint(read)
          const isMet = areMet({ footprint, values: write.values }, { footprint: known, values: read.values })
          if (!isMet && meets(footprint.changes, known.shows)) figures.apartByKey += 1
          if (!isMet) figures.apart += 1
          figures.pairs += 1
          const answer = await this.#arena.ask(read)
          if (answer.text === answers[index]?.text) continue
          figures.differing += 1
          if (footprint.changes !== 'everything' && known.shows !== 'everything') figures.proven += 1
          if (!isMet)
            misses.push({
              write,
              read,
              footprints: `${spell(footprint)} ${spell(known)}`,
              answers: [answers[index]?.text ?? '', answer.text],
              isLater,
            })
        }
      })
    }
    await this.#arena.end()
    return misses
  }

  async #load(): Promise<void> {
    const { parser } = this.#stage
    const { catalog } = await loadCatalog(
      async (sql) => {
        const answer: unknown = await this.#arena.client.query(sql)
        const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer
        return (last as { readonly rows: readonly unknown[] }).rows
      },
      (this.#catalog?.version ?? 0) + 1,
      {
        isRead: (body, known) => provesRead(parser, body, known),
        usesIn: (body) => usesIn(parser, body),
      },
    )
    this.#catalog = catalog
  }

  #footprint({ sql }: Program): Footprint {
    return this.#judge.judge(sql).footprint
  }

  #shown(relation: string): Footprint['shows'] {
    return relation === LARGE_OBJECTS
      ? [LARGE_OBJECTS]
      : this.#judge.judge(`SELECT * FROM ONLY ${relation}`).footprint.shows
  }

  #count(shares: Map<string, Share>, program: Program): Share {
    const share = shares.get(program.feature) ?? { statements: 0, bounded: 0, succeeded: 0, effective: 0 }
    shares.set(program.feature, share)
    share.statements += 1
    const { changes, shows } = this.#footprint(program)
    if (changes !== 'everything' && shows !== 'everything') share.bounded += 1
    return share
  }
}

function spell({ changes, changedKeys, shows, shownKeys }: Footprint): string {
  return JSON.stringify({ changes, changedKeys, shows, shownKeys })
}
