import { BodyProofs } from './body-proofs.ts'
import type {
  Catalog,
  FunctionBody,
  FunctionVerdict,
  OperatorVerdict,
  QualifiedName,
  ReadProof,
  RelationVerdict,
} from './catalog.ts'
import type { LoadedRow, ParsingObject } from './load-query.ts'
import { effectRowsIn } from './effect-rows.ts'
import { Effects } from './effects.ts'
import { EVERYTHING, type Footprint, type NamedUses } from './footprint.ts'
import { NameTable } from './name-table.ts'
import { LoadedParsingFacts } from './parsing-facts.ts'
import type { BodyUses } from './routine-uses.ts'
import type { Surroundings } from './use-resolver.ts'
import { shortened, type Signal } from './signal.ts'
import { isTemporarySchema } from './temporary-schema.ts'

/**
 * Reason why an object is unsafe, as the load query reports it. It is the verdict on the object at the end of a chain
 * of dependencies.
 */
type Finding = Exclude<FunctionVerdict, 'pending' | 'unknown'> | 'read-only' | 'opaque' | Unreadable
type Unreadable = 'unlogged' | 'foreign' | 'temporary' | 'sequence'

const functionVerdicts: Readonly<Record<Finding, FunctionVerdict>> = {
  harmless: 'harmless',
  'read-only': 'harmless',
  volatile: 'volatile',
  opaque: 'volatile',
  'node-local': 'node-local',
  sequence: 'node-local',
  external: 'external',
  foreign: 'external',
  session: 'session',
  temporary: 'session',
  writes: 'writes',
  unlogged: 'writes',
  'declared-primary-only': 'declared-primary-only',
}

const relationVerdicts: Readonly<Record<Finding, RelationVerdict>> = {
  harmless: 'replicated',
  'read-only': 'replicated',
  volatile: 'volatile',
  opaque: 'volatile',
  external: 'volatile',
  session: 'volatile',
  writes: 'volatile',
  'node-local': 'node-local',
  sequence: 'sequence',
  foreign: 'foreign',
  unlogged: 'unlogged',
  temporary: 'temporary',
  'declared-primary-only': 'declared-primary-only',
}

// Users of a verdict assume that node-local and session objects change no data. So of several verdicts on one name,
// those that leave room for a change of data are the worse ones.
const functionsFromBest: readonly FunctionVerdict[] = [
  'harmless',
  'node-local',
  'session',
  'external',
  'volatile',
  'writes',
  'declared-primary-only',
]
const relationsFromBest: readonly RelationVerdict[] = [
  'replicated',
  'node-local',
  'sequence',
  'unlogged',
  'temporary',
  'foreign',
  'volatile',
  'declared-primary-only',
]
const operatorsFromBest: readonly OperatorVerdict[] = ['harmless', 'volatile']

function signalIn(rows: readonly LoadedRow[]): Signal {
  const row = rows.find(({ object }) => object === 'signal')
  const [digest = ''] = JSON.parse(row?.names ?? '[]') as readonly string[]
  return { counters: row?.verdict ?? '', digest: shortened(digest) }
}

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema'])

const PARSING: Readonly<Record<ParsingObject, true>> = {
  'frozen-function': true,
  'frozen-relation': true,
  'frozen-operator': true,
  column: true,
  cast: true,
}

/** Catalog from one load. */
export class LoadedCatalog implements Catalog {
  readonly source = 'loaded'
  readonly version: number
  readonly standardConformingStrings: boolean
  readonly #functions = new NameTable(functionsFromBest)
  readonly #relations = new NameTable(relationsFromBest)
  readonly #operators = new NameTable(operatorsFromBest)
  readonly #types = new NameTable(operatorsFromBest)
  readonly #bodies: BodyProofs
  readonly #effects: Effects | undefined
  readonly signal: Signal
  readonly parsing: LoadedParsingFacts

  constructor(
    version: number,
    rows: readonly LoadedRow[],
    isRead: ReadProof = () => false,
    usesIn: BodyUses = () => undefined,
  ) {
    this.version = version
    this.#bodies = new BodyProofs((body) => isRead(body, this))
    this.signal = signalIn(rows)
    this.parsing = new LoadedParsingFacts(this.signal.digest, (object, name) => this.#hasOwn(object, name))
    this.standardConformingStrings = rows.some((row) => row.object === 'setting' && row.verdict === 'on')
    for (const row of rows) this.#add(row)
    const effects = effectRowsIn(rows)
    this.#effects = effects && new Effects(effects, this.#surroundings, usesIn)
  }

  /** How many functions and relations were found, system ones included. */
  get counts(): { readonly functions: number; readonly relations: number } {
    return { functions: this.#functions.size, relations: this.#relations.size }
  }

  functionVerdict(name: QualifiedName): FunctionVerdict {
    if (isTemporarySchema(name)) return 'session'
    const verdict = this.#functions.get(name)
    if (verdict === 'volatile' && this.#isProvenByBody(name)) return 'harmless'
    if (verdict !== undefined) return verdict
    // A type's name called like a function is a cast.
    const type = this.typeVerdict(name)
    return type === 'pending' ? 'unknown' : type
  }

  relationVerdict(name: QualifiedName): RelationVerdict {
    return isTemporarySchema(name) ? 'temporary' : (this.#relations.get(name) ?? 'unknown')
  }

  operatorVerdict(name: QualifiedName): OperatorVerdict {
    return this.#operators.get(name) ?? 'pending'
  }

  typeVerdict(name: QualifiedName): OperatorVerdict {
    const own = this.#types.get(name) ?? this.#rowType(name)
    if (own !== undefined || !name.name.startsWith('_')) return own ?? 'pending'
    const element = { ...name, name: name.name.slice(1) }
    return this.#types.get(element) ?? this.#rowType(element) ?? 'pending'
  }

  footprint(uses: NamedUses): Footprint {
    return this.#effects?.footprint(uses) ?? EVERYTHING
  }

  get #surroundings(): Surroundings {
    return {
      schemasWith: (name) => [...this.#functions.bySchema(name)].map(([schema]) => schema),
      typeVerdict: (name) => this.typeVerdict(name),
    }
  }

  /** Every relation has a type of its name; those that are not harmless are listed among the types. */
  #rowType(name: QualifiedName): OperatorVerdict | undefined {
    return this.#relations.get(name) === undefined ? undefined : 'harmless'
  }

  /** Every function that the name may mean is harmless, or proven to be. */
  #isProvenByBody({ schema, name }: QualifiedName): boolean {
    if (!this.#bodies.has(name)) return false
    if (schema !== undefined) return this.#bodies.isProven(schema, name)
    for (const [each, verdict] of this.#functions.bySchema(name)) {
      if (verdict !== 'harmless' && !this.#bodies.isProven(each, name)) return false
    }
    return true
  }

  #hasOwn(object: 'function' | 'operator' | 'type', name: string): boolean {
    const tables = {
      function: [this.#functions],
      operator: [this.#operators],
      type: [this.#types, this.#relations],
    }
    return tables[object].some((table: NameTable<unknown>) =>
      [...table.bySchema(name)].some(([schema]) => !SYSTEM_SCHEMAS.has(schema)),
    )
  }

  #add({ object, schema, verdict, names }: LoadedRow): void {
    if (schema === null) return
    if (object === 'body')
      return this.#bodies.add(schema, verdict, JSON.parse(names) as readonly FunctionBody[])
    const list = JSON.parse(names) as readonly string[]
    if (object in PARSING) return this.parsing.add(object as ParsingObject, schema, list)
    const finding = verdict as Finding
    for (const name of list) {
      if (object === 'function') this.#functions.add(schema, name, functionVerdicts[finding])
      else if (object === 'relation') this.#relations.add(schema, name, relationVerdicts[finding])
      else {
        const table = object === 'operator' ? this.#operators : this.#types
        table.add(schema, name, functionVerdicts[finding] === 'harmless' ? 'harmless' : 'volatile')
      }
    }
  }
}
