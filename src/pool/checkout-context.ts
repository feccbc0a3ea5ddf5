import type { PoolClient } from 'pg'
import { hasOwnQuery, passesOn } from '../nodes/own-query.ts'
import { inThisContext, thisContext } from '../platform/async-context.ts'

type Context = ReturnType<typeof thisContext>
type Call = (...args: unknown[]) => unknown

/** The part of a client of node-postgres that its types lack. The native client has no such connection. */
interface Internals {
  readonly connection?: { emit: Call }
}

/** The contexts of the clients that are checked out. */
const contexts = new WeakMap<object, { context: Context | undefined }>()

/**
 * Makes the events of a connection run in the async context of the checkout until the client is released. So do the
 * callbacks and listeners of its client. node-postgres runs them in the context in which the socket was opened.
 * @param client Has the `release` of this checkout, which is replaced.
 */
export function inContextOfCheckout(client: PoolClient): void {
  const checkout = contexts.get(client) ?? install(client)
  const context = thisContext()
  checkout.context = context
  const giveBack: PoolClient['release'] = Reflect.get(client, 'release')
  client.release = (error) => {
    // A second call of an old `release` must not concern the next checkout.
    if (checkout.context === context) checkout.context = undefined
    Reflect.apply(giveBack, client, [error])
  }
}

function install(client: PoolClient): { context: Context | undefined } {
  const checkout: { context: Context | undefined } = { context: undefined }
  contexts.set(client, checkout)
  const { connection } = client as unknown as Internals
  if (typeof connection?.emit === 'function') {
    const emit: Call = Reflect.get(connection, 'emit')
    connection.emit = (...args) =>
      checkout.context === undefined
        ? Reflect.apply(emit, connection, args)
        : checkout.context.runInAsyncScope(emit, connection, ...args)
  }
  if (!hasOwnQuery(client)) keepCallbacks(client)
  return checkout
}

/** Keeps the callbacks of queries that are answered after the client was released, to another checkout. */
function keepCallbacks(client: PoolClient): void {
  const query = (...args: unknown[]): unknown => {
    const kept = args.map((arg) => (typeof arg === 'function' ? inThisContext(arg as () => void) : arg))
    // A tool may have replaced the method since.
    return Reflect.apply(Reflect.get(Object.getPrototypeOf(client), 'query') as Call, client, kept)
  }
  passesOn(query)
  Object.defineProperty(client, 'query', {
    value: query,
    configurable: true,
    enumerable: false,
    writable: true,
  })
}
