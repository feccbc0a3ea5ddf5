import { inspect } from 'node:util'
import { SwitchyardError } from '../../../src/errors/error.ts'
import { diceOf } from './dice.ts'
import { SECRET, type FuzzTarget } from './target.ts'

export interface Finding {
  readonly problem: string
  readonly input: string
}

export interface FuzzFigures {
  readonly inputs: number
  /** How many inputs were refused with an error, by its code. */
  readonly refused: Readonly<Record<string, number>>
  readonly slowestMs: number
  readonly findings: readonly Finding[]
}

const LONGEST_MS = 100
/** More of one kind are not worth printing. */
const MOST_FINDINGS = 20

/** Gives a target one made-up input after another, and notes what must not happen. */
export async function runFuzz(
  target: FuzzTarget,
  count: number,
  seed: number,
  onProgress: (inputs: number) => void = () => {},
): Promise<FuzzFigures> {
  const next = target.inputs(diceOf(seed))
  const refused: Record<string, number> = {}
  const findings: Finding[] = []
  const before = prototypes()
  let slowestMs = 0
  const note = (problem: string, input: unknown): void => {
    if (findings.length < MOST_FINDINGS) findings.push({ problem, input: shown(input).slice(0, 500) })
  }
  for (let at = 0; at < count; at++) {
    const input = next()
    const { outcome, ms } = timed(target, input)
    const settled = outcome instanceof Promise ? await outcome : outcome
    slowestMs = Math.max(slowestMs, ms)
    if (ms > LONGEST_MS && fastestOf(target, input, 3) > LONGEST_MS)
      note(`it took ${Math.round(ms)} ms`, input)
    const problem = problemOf(settled, target)
    if (problem !== undefined) note(problem, input)
    if ('thrown' in settled) {
      const code = codeOf(settled.thrown)
      refused[code] = (refused[code] ?? 0) + 1
    }
    if (at % 1_000 === 0 && prototypes() !== before) note('a prototype has changed', input)
    if (at % 100_000 === 99_999) onProgress(at + 1)
  }
  if (prototypes() !== before) note('a prototype has changed', 'one of the last inputs')
  return { inputs: count, refused, slowestMs: Math.round(slowestMs), findings }
}

type Settled = { readonly given: unknown } | { readonly thrown: unknown }

function timed(
  { take }: FuzzTarget,
  input: unknown,
): { readonly outcome: Settled | Promise<Settled>; readonly ms: number } {
  const startedAt = performance.now()
  let outcome: Settled | Promise<Settled>
  try {
    const given = take(input)
    outcome =
      given instanceof Promise
        ? given.then(
            (value: unknown) => ({ given: value }),
            (error: unknown) => ({ thrown: error }),
          )
        : { given }
  } catch (thrown) {
    outcome = { thrown }
  }
  return { outcome, ms: performance.now() - startedAt }
}

/** The machine has other work, and garbage to collect: only an input that is slow each time is slow. */
function fastestOf(target: FuzzTarget, input: unknown, times: number): number {
  return Math.min(...Array.from({ length: times }, () => timed(target, input).ms))
}

function problemOf(settled: Settled, { expects, givesSecret }: FuzzTarget): string | undefined {
  if ('given' in settled)
    return givesSecret !== true && tells(settled.given) ? 'it gave the secret' : undefined
  const { thrown } = settled
  if (tells(thrown)) return `an error told the secret: ${shown(thrown).slice(0, 300)}`
  if (thrown instanceof SwitchyardError && thrown.code.startsWith('SWITCHYARD_')) return undefined
  return expects?.(thrown) === true ? undefined : `it threw ${shown(thrown).slice(0, 300)}`
}

function tells(value: unknown): boolean {
  if (value === undefined || typeof value === 'number' || typeof value === 'boolean') return false
  return (typeof value === 'string' ? value : shown(value)).includes(SECRET)
}

/** Some values have properties that make it impossible to show them. */
function shown(value: unknown): string {
  try {
    return inspect(value, { depth: 8 })
  } catch {
    return Object.prototype.toString.call(value)
  }
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof SwitchyardError) return thrown.code
  return thrown instanceof Error ? thrown.name : typeof thrown
}

/** The names of all that every object, array, function and text has. */
function prototypes(): string {
  return [Object, Array, Function, String, Map, Promise, Error]
    .map(({ prototype }) => Reflect.ownKeys(prototype).map(String).join())
    .join(';')
}
