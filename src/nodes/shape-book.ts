import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { PlanWatch } from './plan-watch.ts'

/** Limits: number of shapes, of texts, and of characters of texts. */
const MOST_SHAPES = 2000
const MOST_TEXTS = 4000
const MOST_CHARACTERS = 2 ** 22
/** Maximum length of a recorded text. */
export const LONGEST_TEXT = 16_384
/** A shape with more texts has its values in the text, so each text runs only once. */
const MOST_VARIANTS = 16

/** Required surplus of fast runs over slow ones, over leases, before a shape counts as fast. */
const PROOF_RUNS = 3
const MOST_PROOF_RUNS = 4096
/** Maximum duration of a fast run over a lease, including the round trip, in milliseconds. */
const SLOW_ON_LEASE_MS = 5
/** Server time above which a read delays others too much, in milliseconds. */
const SLOW_ON_LANE_MS = 1
/** Size above which an answer counts as large, in bytes. */
const LARGE_BYTES = 32_768
const SMOOTHING = 0.1
/** Initial and minimum estimate of a read's server time, in milliseconds. */
const FIRST_COST_MS = 0.1
const LEAST_COST_MS = 0.005
/** Upper bound of a single measurement, in milliseconds: longer times are seldom caused by the statement. */
const LONGEST_SAMPLE_MS = 4

/** Measurements of statements that differ only in their literals. Pure: it gets the results as arguments. */
export class Shape {
  #costMs = FIRST_COST_MS
  #fastRuns = 0
  #proofRuns = PROOF_RUNS
  variants = 0

  /** Smoothed server time of one run, in milliseconds. */
  get costMs(): number {
    return this.#costMs
  }

  /** Whether it may share a connection: it is known to be fast, with small answers. */
  get isFast(): boolean {
    return this.#fastRuns >= this.#proofRuns
  }

  ranOnLease(ms: number, bytes: number): void {
    if (bytes > LARGE_BYTES) this.#fastRuns = 0
    else if (ms <= SLOW_ON_LEASE_MS) this.#fastRuns += 1
    // An overloaded machine makes any read slow occasionally.
    else if (this.#fastRuns > 0) this.#fastRuns -= 1
  }

  /** @param ms Time since the previous answer, so without the round trip. */
  ranBehindAnother(ms: number): void {
    this.#costMs += SMOOTHING * (Math.min(ms, LONGEST_SAMPLE_MS) - this.#costMs)
    if (this.#costMs < LEAST_COST_MS) this.#costMs = LEAST_COST_MS
    else if (this.#costMs > SLOW_ON_LANE_MS) this.heldUp()
  }

  /** @param ms Time including the round trip: an upper bound. */
  ranAlone(ms: number): void {
    if (ms < this.#costMs) this.#costMs = ms
  }

  answeredWith(bytes: number): void {
    if (bytes > LARGE_BYTES) this.heldUp()
  }

  /** Records that it delayed other reads. It then has to prove again that it is fast, with more runs each time. */
  heldUp(): void {
    this.#fastRuns = 0
    this.#costMs = FIRST_COST_MS
    this.#proofRuns = Math.min(MOST_PROOF_RUNS, this.#proofRuns * 4)
  }
}

/** Record of one text. */
export interface TextRecord {
  readonly text: string
  readonly shape: Shape
  /** Absent when the shape has many texts: it gets no name. */
  readonly plan: PlanWatch | undefined
  /** Depends only on the text: behind a pooler several processes may share a server connection. */
  readonly name: string
}

/** Bounded records of a node's shareable reads. */
export class ShapeBook {
  readonly #after: number
  readonly #shapes = new LRUCache<string, Shape>({ max: MOST_SHAPES })
  readonly #texts = new LRUCache<string, TextRecord>({
    max: MOST_TEXTS,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: (_record, text) => text.length,
  })

  /** @param prepareAfter Number of runs before a text gets a name. */
  constructor(prepareAfter: number) {
    this.#after = prepareAfter
  }

  of(text: string): TextRecord {
    return this.#texts.get(text) ?? this.#meet(text)
  }

  /** Returns the shape of a text without noting the text; `undefined` for one that has not run. */
  shapeOf(text: string): Shape | undefined {
    return this.#texts.peek(text)?.shape ?? this.#shapes.peek(shapeKey(text))
  }

  #meet(text: string): TextRecord {
    const key = shapeKey(text)
    let shape = this.#shapes.get(key)
    if (shape === undefined) {
      shape = new Shape()
      this.#shapes.set(key, shape)
    }
    shape.variants += 1
    if (shape.variants > MOST_VARIANTS) return { text, shape, plan: undefined, name: '' }
    const plan = this.#after === Infinity ? undefined : new PlanWatch(this.#after)
    const record = { text, shape, plan, name: plan === undefined ? '' : nameOf(text) }
    this.#texts.set(text, record)
    return record
  }
}

function nameOf(text: string): string {
  return `switchyard_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
}

/** String literals, and numbers, placeholders included. */
const LITERALS = /'(?:[^']|'')*'|\$?\b\d+(?:\.\d+)?\b/g
const LISTS = /\?(?:\s*,\s*\?)+/g

/**
 * Returns a text without its literals, with lists of literals merged. The key is only used for statistics, not for
 * proofs, so it need not follow the whole grammar and is faster than parsing.
 */
export function shapeKey(text: string): string {
  return text.replace(LITERALS, '?').replace(LISTS, '?')
}
