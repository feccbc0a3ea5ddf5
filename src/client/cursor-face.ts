import type { Submittable } from 'pg'

type Listener = (...args: unknown[]) => void

/** The members of a cursor that node-postgres and tools use on a query object: they are those of the cursor. */
export class CursorFace {
  readonly #submittable: Submittable

  constructor(submittable: Submittable) {
    this.#submittable = submittable
  }

  get text(): unknown {
    return Reflect.get(this.#submittable, 'text') ?? Reflect.get(innerOf(this.#submittable), 'text')
  }

  get values(): unknown {
    return Reflect.get(this.#submittable, 'values') ?? Reflect.get(innerOf(this.#submittable), 'values')
  }

  get _result(): unknown {
    return Reflect.get(this.#submittable, '_result')
  }

  get callback(): unknown {
    return Reflect.get(this.#submittable, 'callback')
  }

  set callback(callback: unknown) {
    Reflect.set(this.#submittable, 'callback', callback)
  }

  // Tools tell a cursor by these two, and end its trace with its events.
  get cursor(): unknown {
    return Reflect.get(this.#submittable, 'cursor')
  }

  get read(): unknown {
    return Reflect.get(this.#submittable, 'read')
  }

  on(event: string | symbol, listener: Listener): this {
    return this.#listen('on', event, listener)
  }

  once(event: string | symbol, listener: Listener): this {
    return this.#listen('once', event, listener)
  }

  #listen(method: 'on' | 'once', event: string | symbol, listener: Listener): this {
    const listen: unknown = Reflect.get(this.#submittable, method)
    if (typeof listen === 'function') Reflect.apply(listen, this.#submittable, [event, listener])
    return this
  }
}

/** Returns the cursor, which may be inside a stream. */
export function innerOf(submittable: Submittable): object {
  const inner: unknown = Reflect.get(submittable, 'cursor')
  return typeof inner === 'object' && inner !== null ? inner : submittable
}
