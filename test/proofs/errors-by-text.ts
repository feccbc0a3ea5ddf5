/** How often each error came, by what it says. */
export class ErrorsByText {
  readonly #counts = new Map<string, number>()

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  add(error: unknown): void {
    const text = textOf(error)
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1)
  }

  report(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? `${code}: ${error.message}` : error.message
}
