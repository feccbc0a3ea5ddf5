/** A client that keeps its cookies, as browsers do. */
export class Browser {
  readonly #url: string
  readonly #cookies = new Map<string, string>()

  constructor(url: string) {
    this.#url = url
  }

  async ask(path: string, options: RequestInit = {}): Promise<Response> {
    const headers = new Headers(options.headers)
    if (this.#cookies.size > 0) {
      headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    }
    const response = await fetch(`${this.#url}${path}`, { redirect: 'manual', ...options, headers })
    for (const text of response.headers.getSetCookie()) {
      const [name = '', value = ''] = text.split(';', 1)[0]?.split('=') ?? []
      this.#cookies.set(name, value)
    }
    return response
  }

  order(item: string): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' }
    return this.ask('/orders', { method: 'POST', headers, body: JSON.stringify({ item }) })
  }

  /** Orders with a body whose second half is sent when the server is at work on the first one. */
  orderSlowly(item: string): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' }
    const text = JSON.stringify({ item })
    const halves = async function* (browser: Browser): AsyncGenerator<string> {
      yield text.slice(0, 5)
      await browser.ask('/orders')
      yield text.slice(5)
    }
    const body = ReadableStream.from(halves(this)).pipeThrough(new TextEncoderStream())
    return this.ask('/orders', { method: 'POST', headers, body, duplex: 'half' })
  }

  /** Items of the orders that are listed. */
  async items(): Promise<readonly string[]> {
    const orders = (await (await this.ask('/orders')).json()) as readonly { readonly item: string }[]
    return orders.map(({ item }) => item)
  }

  /** Number of cookies that it has been given. */
  get cookies(): number {
    return this.#cookies.size
  }
}
