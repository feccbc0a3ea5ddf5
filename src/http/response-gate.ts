import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { isUint8Array } from 'node:util/types'
import { asError } from '../errors/as-error.ts'

export type NodeResponse = ServerResponse | Http2ServerResponse

/** What has to happen before a response may begin. */
export interface Prelude {
  /** Asked whenever the response is about to begin. */
  isNeeded(): boolean
  /** Asked once, when it is needed. What it resolves to sets headers. Never rejects. */
  prepare(): Promise<() => void>
}

type Method = (...args: readonly unknown[]) => unknown

/** The methods by which a response begins, goes on and ends. */
type Kept = 'writeHead' | 'flushHeaders' | 'write' | 'end'

/** What `node:http` and the compatibility layer of `node:http2` have in common. */
interface Response {
  statusCode: number
  readonly headersSent: boolean
  writeHead: Method
  flushHeaders: Method
  write: Method
  end: Method
  setHeader(name: string, value: unknown): unknown
  removeHeader(name: string): unknown
  emit(event: 'drain'): boolean
  destroy(error: Error): unknown
}

/**
 * Holds a response back from the moment at which it begins, until what `prelude` prepares is in its headers. Whoever
 * writes it does not notice: calls are kept in their order, `write()` asks to wait for `drain`, headers count as sent.
 * A response that begins while nothing is needed passes, for the price of one question.
 */
export function holdResponse(response: NodeResponse, prelude: Prelude): void {
  new ResponseGate(response as unknown as Response, prelude).install()
}

class ResponseGate {
  readonly #response: Response
  readonly #prelude: Prelude
  readonly #own: Pick<Response, Kept>
  readonly #calls: (() => void)[] = []
  #phase: 'waiting' | 'holding' | 'released' = 'waiting'
  #isEnded = false
  /**
   * Whether a `drain` of ours is heard by those who wait for one. Middlewares that replace `write`, such as compression,
   * may lead its listeners elsewhere; with one of them beneath, what is written meanwhile is kept without asking to wait.
   */
  readonly #canDrain: boolean
  /** Somebody was told to wait for `drain`, and Node.js sees no reason to wait. */
  #owesDrain = false

  constructor(response: Response, prelude: Prelude) {
    this.#response = response
    this.#prelude = prelude
    this.#canDrain = !Object.hasOwn(response, 'write')
    const { writeHead, flushHeaders, write, end } = response
    this.#own = { writeHead, flushHeaders, write, end }
  }

  // The methods stay replaced: others may have wrapped them since, and call them for ever.
  install(): void {
    const response = this.#response
    response.writeHead = (...args) => this.#writeHead(args)
    response.flushHeaders = (...args) => this.#call('flushHeaders', args)
    response.write = (...args) => this.#write(args)
    response.end = (...args) => this.#end(args)
  }

  #writeHead(args: readonly unknown[]): unknown {
    const [status, reason] = args
    if (this.#phase === 'holding') throw headersSent()
    if (!isFinal(status) || !this.#mustHold()) return this.#pass('writeHead', args)
    // Given to the response one by one, so that what is wrong throws here, and so that no header hides those to come.
    setHeaders(this.#response, typeof reason === 'string' ? args[2] : (args[2] ?? reason))
    this.#response.statusCode = Number(status)
    const head = typeof reason === 'string' ? [status, reason] : [status]
    this.#hold()
    this.#calls.push(() => this.#pass('writeHead', head))
    return this.#response
  }

  #write(args: readonly unknown[]): unknown {
    if (!isChunk(args[0]) || !this.#holds()) return this.#pass('write', args)
    this.#calls.push(() => {
      this.#owesDrain = this.#pass('write', args) === true && this.#canDrain
    })
    return !this.#canDrain
  }

  #end(args: readonly unknown[]): unknown {
    const [chunk] = args
    const isLegal = chunk === undefined || chunk === null || typeof chunk === 'function' || isChunk(chunk)
    if (!isLegal) return this.#pass('end', args)
    const result = this.#call('end', args)
    this.#isEnded = true
    return result
  }

  #call(method: 'flushHeaders' | 'end', args: readonly unknown[]): unknown {
    if (!this.#holds()) return this.#pass(method, args)
    this.#calls.push(() => this.#pass(method, args))
    return method === 'end' ? this.#response : undefined
  }

  #pass(method: Kept, args: readonly unknown[]): unknown {
    return Reflect.apply(this.#own[method], this.#response, args)
  }

  #holds(): boolean {
    if (this.#phase === 'waiting' && isFinal(this.#response.statusCode) && this.#mustHold()) this.#hold()
    return this.#phase === 'holding'
  }

  #mustHold(): boolean {
    return this.#phase === 'waiting' && this.#prelude.isNeeded() && !this.#response.headersSent
  }

  #hold(): void {
    this.#phase = 'holding'
    const { statusCode } = this.#response
    const thaw = this.#freeze()
    void this.#prelude.prepare().then((setHeadersNow) => {
      thaw()
      this.#calls.unshift(() => (this.#response.statusCode = statusCode), setHeadersNow)
      this.#release()
    })
  }

  /** Makes the response look as if it had begun. */
  #freeze(): () => void {
    const refuse: PropertyDescriptor = {
      value: () => {
        throw headersSent()
      },
      configurable: true,
      writable: true,
    }
    return override(this.#response, {
      headersSent: { get: () => true, configurable: true },
      // What it was called before: widely used middlewares still look there, and begin again where they find nothing.
      _header: { value: 'held', configurable: true },
      writableEnded: { get: () => this.#isEnded, configurable: true },
      finished: { get: () => this.#isEnded, configurable: true },
      setHeader: refuse,
      appendHeader: refuse,
      removeHeader: refuse,
    })
  }

  #release(): void {
    this.#phase = 'released'
    try {
      for (const call of this.#calls) call()
    } catch (error) {
      // It would have been thrown to whoever made the call, who is gone.
      this.#response.destroy(asError(error))
      return
    }
    if (this.#owesDrain && !this.#isEnded) this.#response.emit('drain')
  }
}

/** Replaces properties of an object, and gives the function that puts back what was there. */
function override(target: object, properties: Readonly<Record<string, PropertyDescriptor>>): () => void {
  const before = Object.keys(properties).map(
    (name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const,
  )
  Object.defineProperties(target, properties)
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(target, name)
      else Object.defineProperty(target, name, descriptor)
    }
  }
}

/** What Node.js refuses at once, it refuses at once: such calls are never kept. */
function isChunk(chunk: unknown): boolean {
  return typeof chunk === 'string' || isUint8Array(chunk)
}

/** A status that ends the request, as opposed to an informational one, and to one that Node.js refuses. */
function isFinal(status: unknown): boolean {
  const code = Math.trunc(Number(status))
  return code >= 200 && code <= 999
}

/** Headers as `writeHead()` takes them: an object, or a list in which names and values take turns. */
function setHeaders(response: Response, headers: unknown): void {
  if (headers === undefined || headers === null) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    return
  }
  const list: readonly unknown[] = Array.isArray(headers[0]) ? headers.flat() : headers
  const values = new Map<string, unknown[]>()
  for (let index = 0; index < list.length; index += 2) {
    const name = String(list[index]).toLowerCase()
    const value = list[index + 1]
    values.set(name, [...(values.get(name) ?? []), ...(Array.isArray(value) ? value : [value])])
  }
  for (const [name, all] of values) response.setHeader(name, all.length === 1 ? all[0] : all)
}

function headersSent(): Error {
  const error = new Error('Cannot set headers after they are sent to the client')
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}
