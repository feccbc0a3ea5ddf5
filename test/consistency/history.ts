/** What a session does to a register. */
export type Kind = 'read' | 'write'

/** `unknown`: it may have happened, and nobody was told. */
export type Outcome = 'open' | 'answered' | 'failed' | 'unknown'

/**
 * What is promised to a session. `own`: everything, its reads never go backwards. `process`: to a pool outside of any
 * session, that it reads what was written through it, by whichever session.
 */
export type Promised = 'own' | 'process'

export interface Operation {
  readonly session: number
  readonly register: number
  readonly kind: Kind
  /** What was read, or what the register became. Counts from 1 in each register; 0 is what it began with. */
  readonly version: number
  readonly outcome: Outcome
  /** Moments of one clock that never shows the same twice. What ended at a lower one than another began came before it. */
  readonly begin: number
  readonly end: number
  /** Port of the server that answered; 0 where that was not noted. */
  readonly port: number
}

export interface SessionInfo {
  readonly promised: Promised
  /** Session of the pool, to which everything is promised that its children write. */
  readonly parent: number | undefined
}

const KINDS: readonly Kind[] = ['read', 'write']
const OUTCOMES: readonly Outcome[] = ['open', 'answered', 'failed', 'unknown']
/** Session, register, version, begin, end; kind and outcome share the sixth; port. */
const FIELDS = 7

/** Everything that sessions have done, in the order in which they began to: 28 bytes an operation. */
export class History {
  readonly #sessions: SessionInfo[] = []
  #cells = new Uint32Array(FIELDS * 1024)
  #size = 0
  #clock = 0

  /** Operations that have begun. */
  get size(): number {
    return this.#size
  }

  get sessions(): readonly SessionInfo[] {
    return this.#sessions
  }

  /** Gives the number of a new session. */
  open(promised: Promised, parent?: number): number {
    return this.#sessions.push({ promised, parent }) - 1
  }

  /** Gives the number of a new operation, to be called before it is sent. */
  begin(session: number, register: number, kind: Kind): number {
    if ((this.#size + 1) * FIELDS > this.#cells.length) this.#grow()
    const operation = this.#size++
    this.#cells.set([session, register, 0, ++this.#clock, 0, KINDS.indexOf(kind), 0], operation * FIELDS)
    return operation
  }

  answered(operation: number, version: number, port = 0): void {
    this.#cells[operation * FIELDS + 6] = port
    this.#end(operation, 'answered', version)
  }

  failed(operation: number, outcome: 'failed' | 'unknown'): void {
    this.#end(operation, outcome, 0)
  }

  at(operation: number): Operation {
    const at = operation * FIELDS
    const [session = 0, register = 0, version = 0, begin = 0, end = 0, mixed = 0, port = 0] =
      this.#cells.subarray(at, at + FIELDS)
    const kind = KINDS[mixed & 1] ?? 'read'
    const outcome = OUTCOMES[mixed >> 1] ?? 'open'
    return { session, register, version, begin, end, kind, outcome, port }
  }

  #end(operation: number, outcome: Outcome, version: number): void {
    const at = operation * FIELDS
    this.#cells[at + 2] = version
    this.#cells[at + 4] = ++this.#clock
    this.#cells[at + 5] = ((this.#cells[at + 5] ?? 0) & 1) | (OUTCOMES.indexOf(outcome) << 1)
  }

  #grow(): void {
    const larger = new Uint32Array(this.#cells.length * 2)
    larger.set(this.#cells)
    this.#cells = larger
  }
}
