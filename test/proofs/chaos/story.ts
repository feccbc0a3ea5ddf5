/** Account of a run: faults, changes of nodes and failures, each with its time. */
export class Story {
  readonly beganMs: number = performance.now()
  readonly #lines: { readonly atMs: number; readonly text: string }[] = []
  readonly #faults = new Map<string, number>()

  tell(text: string): void {
    this.#lines.push({ atMs: performance.now(), text })
  }

  /** Tells the begin of a fault, and counts it. */
  fault(name: string, text: string): void {
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1)
    this.tell(`${name}: ${text}`)
  }

  /** Number of faults by name. */
  get faults(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#faults)
  }

  /** The last lines up to a moment. */
  before(atMs: number, lines: number): readonly string[] {
    return this.#lines
      .filter((line) => line.atMs <= atMs)
      .slice(-lines)
      .map((line) => `${this.time(line.atMs)} ${line.text}`)
  }

  time(atMs: number): string {
    return `${((atMs - this.beganMs) / 1000).toFixed(3)} s`
  }
}
