import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { isUint8Array } from 'node:util/types'
import { asError } from '../errors/as-error.ts'

/**
 * A response of `node:http` or `node:http2`.
 *
 * @example
 * const end = (response: NodeResponse) => response.end()
 */
export type NodeResponse = ServerResponse | Http2ServerResponse

/** A step that must complete before a response may start. */
export interface Prelude {
  /** Called whenever the response is about to start. */
  isNeeded(): boolean
  /** Called once, if needed. Resolves to a function that sets headers. Never rejects. */
  prepare(): Promise<() => void>
}

type Method = (...args: readonly unknown[]) => unknown

/** Methods that start, continue and end a response. */
type Kept = 'writeHead' | 'flushHeaders' | 'write' | 'end'

/** Members that responses of `node:http` and of the compatibility layer of `node:http2` share. */
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
 * Holds a response when it is about to start, until the headers that `prelude` prepares are set. The code that writes
 * it sees no difference: calls are queued in order, `write()` asks to wait for `drain`, and headers count as sent. A
 * response that starts while `isNeeded()` is false passes at the cost of that call.
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
   * Whether a `drain` that the gate emits reaches its listeners. Middlewares that replace `write`, such as compression,
   * may redirect them. With such a middleware beneath, writes are queued without asking to wait.
   */
  readonly #canDrain: boolean
  /** A caller waits for `drain`, but Node.js will not emit it. */
  #owesDrain = false

  constructor(response: Response, prelude: Prelude) {
    this.#response = response
    this.#prelude = prelude
    this.#canDrain = !Object.hasOwn(response, 'write')
    const { writeHead, flushHeaders, write, end } = response
    this.#own = { writeHead, flushHeaders, write, end }
  }

  // The methods stay replaced: other code may have wrapped them since.
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
    // Headers are set one by one, so that invalid ones throw here and none overrides the headers that `prelude` sets
    // later.
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

  /** Makes the response look as if it had started. */
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
      // The old name of `headersSent`. Widely used middlewares still read it and would start the response again.
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
      // The code that made the call has returned and cannot catch it.
      this.#response.destroy(asError(error))
      return
    }
    if (this.#owesDrain && !this.#isEnded) this.#response.emit('drain')
  }
}

/** Replaces properties of an object. Returns a function that restores them. */
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

/** Whether Node.js accepts the chunk. Calls with others are not queued, so that Node.js rejects them at once. */
function isChunk(chunk: unknown): boolean {
  return typeof chunk === 'string' || isUint8Array(chunk)
}

/** Whether a status is final: neither informational nor invalid. */
function isFinal(status: unknown): boolean {
  const code = Math.trunc(Number(status))
  return code >= 200 && code <= 999
}

/** Sets headers in the format of `writeHead()`: an object, or a list of alternating names and values. */
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
