import type { QualifiedName } from '../catalog/catalog.ts'
import type { Access, Target } from '../catalog/footprint.ts'
import type { NameUse } from './parser.ts'
import { stateLeftBy } from './state-left.ts'
import type { Offender, StatementReason } from './statement.ts'
import { leaving, strictest, write, type Verdict } from './verdict.ts'

/** Names of one kind that a text uses, each once, with where it stands first. */
export class Names {
  readonly #uses = new Map<string, NameUse>()
  #repeated: Set<string> | undefined

  add(use: NameUse): void {
    const key = keyOf(use)
    const known = this.#uses.get(key)
    if (known !== undefined) (this.#repeated ??= new Set()).add(key)
    if (known === undefined || (known.endsWithTransaction === true && use.endsWithTransaction !== true)) {
      this.#uses.set(key, use)
    }
  }

  /** Whether the text uses a name more than once. */
  isRepeated(name: QualifiedName): boolean {
    return this.#repeated?.has(keyOf(name)) === true
  }

  uses(): readonly NameUse[] {
    return this.#uses.size === 0 ? none : [...this.#uses.values()]
  }
}

function keyOf({ name, schema }: QualifiedName): string {
  return schema === undefined ? name : `${schema}\0${name}`
}

const none: readonly NameUse[] = []
const noTargets: readonly Target[] = []

/** Reasons of refusals that leave no name out. */
const TELLING: ReadonlySet<StatementReason> = new Set<StatementReason>(['data-modifying-cte', 'row-lock'])

/** Results of a walk through a tree. */
export class Findings {
  readonly functions: Names = new Names()
  readonly relations: Names = new Names()
  readonly operators: Names = new Names()
  readonly types: Names = new Names()
  readonly attributes: Names = new Names()
  /** Calls of set_config that outlive their transaction. */
  settingCalls = 0
  /** The text may touch something that it does not name. */
  isOpaque = false
  readonly #targets: Target[] = []
  #refusal: Verdict | undefined

  /** Relations that are changed. Absent where the text may touch something that it does not name. */
  get targets(): readonly Target[] | undefined {
    if (this.isOpaque) return undefined
    return this.#targets.length === 0 ? noTargets : this.#targets
  }

  addTarget(name: QualifiedName, access: Access, columns?: readonly string[]): void {
    this.#targets.push({ ...name, access, ...(columns && { columns }) })
  }

  /** Notes that the current statement is no read. */
  refuse(reason: StatementReason, offender?: Offender, facts: { readonly leaves?: boolean } = {}): void {
    if (!TELLING.has(reason)) this.isOpaque = true
    const verdict = write(reason, offender)
    const refusal = facts.leaves === true ? leaving(verdict, stateLeftBy(reason)) : verdict
    this.#refusal = this.#refusal === undefined ? refusal : strictest(this.#refusal, refusal)
  }

  /** The refusal since the last call, if there was one. */
  takeRefusal(): Verdict | undefined {
    const refusal = this.#refusal
    this.#refusal = undefined
    return refusal
  }
}

export function useOf({ schema, name }: QualifiedName, position: number | undefined): NameUse {
  if (position === undefined) return schema === undefined ? { name } : { schema, name }
  return schema === undefined ? { name, position } : { schema, name, position }
}

/** As people would write it. */
export function spell(name: QualifiedName): string {
  return name.schema === undefined ? name.name : `${name.schema}.${name.name}`
}

export function offenderOf(text: string, position: number | undefined): Offender {
  return position === undefined ? { text } : { text, position }
}
