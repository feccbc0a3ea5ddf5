import type { Edge, EffectGraph, ForeignKey, KnownRelation } from './effect-graph.ts'
import { FootprintGatherer } from './footprint-gatherer.ts'
import type { Access } from './footprint.ts'
import type { RoutineUses } from './routine-uses.ts'
import type { Step, UseResolver, UseSink } from './use-resolver.ts'

/** More of them are not followed: then it is everything. */
const MOST_STEPS = 5_000

const WAYS: readonly Access[] = ['insert', 'update', 'delete']

/** Bits of `pg_trigger.tgtype`. */
const EVENTS: Readonly<Partial<Record<Step, number>>> = {
  insert: 4,
  delete: 8,
  update: 16,
  truncate: 32,
  'truncate-cascade': 32,
}

/** Follows the effects of a step, each step once. An unknown effect counts as everything. */
export class EffectWalk implements UseSink {
  readonly #graph: EffectGraph
  readonly #resolver: UseResolver
  readonly #routines: RoutineUses
  readonly found: FootprintGatherer = new FootprintGatherer()
  readonly #seen = new Set<string>()
  readonly #open: (readonly [step: Step, oid: number])[] = []
  #start: { readonly step: Step; readonly oid: number } | undefined
  #visitsOfStart = 0

  constructor(graph: EffectGraph, resolver: UseResolver, routines: RoutineUses) {
    this.#graph = graph
    this.#resolver = resolver
    this.#routines = routines
  }

  /**
   * Whether a walk that began with a relation came to it again. Where it is changed, foreign keys that look for rows in
   * it do not count: they change none.
   */
  get isCircular(): boolean {
    // A change also reads the relation.
    return this.#visitsOfStart > (this.#start?.step === 'read' ? 1 : 2)
  }

  /** Goes to the end of all ways that begin with a step. */
  follow(step: Step, oid: number): void {
    this.#start = { step, oid }
    this.visit(step, oid)
    this.#finish()
  }

  #finish(): void {
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
      if (this.found.isEverything) return
      if (this.#seen.size > MOST_STEPS) return this.found.addEverything()
      this.#take(...next)
    }
  }

  visit(step: Step, oid: number): void {
    if (oid === this.#start?.oid && isOfRelation(step)) this.#visitsOfStart += 1
    const key = `${step} ${oid}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#open.push([step, oid])
  }

  #take(step: Step, oid: number): void {
    if (step === 'call') return this.#call(oid)
    if (step === 'type') return this.#follow(this.#graph.edges('type', oid, 'call'))
    const relation = this.#graph.relation(oid)
    if (relation === undefined) this.found.addEverything()
    else if (step === 'read') this.#read(relation)
    else if (step === 'update-beside-keys') this.#change(relation, 'update', true)
    else this.#change(relation, step)
  }

  #call(oid: number): void {
    const texts = this.#routines.of(oid)
    if (texts === undefined) return this.found.addEverything()
    this.#follow(this.#graph.edges('function', oid, 'call'))
    for (const uses of texts) this.#resolver.resolve(uses, this, this.#graph.transitionTables(oid))
  }

  #read(relation: KnownRelation): void {
    const { kind, oid } = relation
    if (kind !== 'v') this.found.shows.add(this.#graph.head(oid) ?? relation)
    for (const member of this.#graph.family(oid)) {
      if (member.kind === 'f' || member.kind === 'x') this.found.addEverything()
      this.#follow(this.#graph.edges('relation', member.oid, 'read'))
    }
  }

  #change(relation: KnownRelation, access: Access, isBesideKeys = false): void {
    const { kind, oid } = relation
    this.visit('read', oid)
    if (kind === 'v') return this.#changeView(oid, access)
    const isMeant =
      kind === 'S'
        ? access === 'set-sequence'
        : kind === 'm'
          ? access === 'refresh'
          : access !== 'set-sequence'
    if (!isMeant) return this.found.addEverything()
    this.found.changes.add(this.#graph.head(oid) ?? relation)
    const family = this.#graph.family(oid)
    for (const member of family) {
      this.#followWrite(member.oid, access)
      this.#trigger(member.oid, access)
      for (const key of this.#graph.keysOf(member.oid)) this.#lookAt(key.referenced)
      if (!isBesideKeys) for (const key of this.#graph.keysTo(member.oid)) this.#actOn(key, access)
    }
    // A row that moves to another partition is deleted and inserted.
    if (access === 'update' && family.some((member) => member.kind === 'p')) {
      for (const way of WAYS) this.visit(way, oid)
    }
  }

  /** A view is changed by triggers and rules, or through it the relations below. */
  #changeView(oid: number, access: Access): void {
    if (!WAYS.includes(access)) return this.found.addEverything()
    this.#followWrite(oid, access)
    this.#trigger(oid, access)
    for (const { what, ref } of this.#graph.edges('relation', oid, 'read')) {
      if (what === 'read') this.visit(access, ref)
    }
  }

  #followWrite(oid: number, access: Access): void {
    this.#follow(this.#graph.edges('relation', oid, 'write'))
    if (access === 'insert' || access === 'update' || access === 'delete' || access === 'refresh') {
      this.#follow(this.#graph.edges('relation', oid, access))
    }
  }

  #trigger(oid: number, access: Access): void {
    const event = EVENTS[access] ?? 0
    for (const { callee, events } of this.#graph.triggers(oid)) {
      if ((events & event) !== 0) this.visit('call', callee)
    }
  }

  /** Adds the effects of a foreign key on its referencing relation when the referenced one is changed. */
  #actOn({ onDelete, onUpdate, referencing }: ForeignKey, access: Access): void {
    if (access === 'update' && CHANGING.has(onUpdate)) this.visit('update', referencing)
    else if (access === 'delete' && onDelete === 'c') this.visit('delete', referencing)
    else if (access === 'delete' && CHANGING.has(onDelete)) this.visit('update', referencing)
    else if (access === 'truncate-cascade') this.visit('truncate-cascade', referencing)
    else if (access !== 'insert') this.#lookAt(referencing)
  }

  /** Visits a relation in which a foreign key looks for rows. */
  #lookAt(oid: number): void {
    if (oid !== this.#start?.oid || this.#start.step === 'read') this.visit('read', oid)
  }

  #follow(edges: readonly Edge[]): void {
    for (const { what, ref } of edges) {
      switch (what) {
        case 'call':
        case 'read':
        case 'type':
          this.visit(what, ref)
          break
        case 'sequence':
          this.visit('set-sequence', ref)
          break
        case 'any':
          for (const way of WAYS) this.visit(way, ref)
          break
        case 'shows-everything':
          this.found.shows.addEverything()
          break
        case 'everything':
          this.found.addEverything()
          break
        default:
          return what satisfies never
      }
    }
  }
}

function isOfRelation(step: Step): boolean {
  return step !== 'call' && step !== 'type'
}

const CHANGING: ReadonlySet<string> = new Set(['c', 'n', 'd'])
