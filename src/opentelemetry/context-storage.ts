import { AsyncLocalStorage } from 'node:async_hooks'
import { context, type Context } from '@opentelemetry/api'

/**
 * Returns the storage in which OpenTelemetry keeps the active context, when its context manager is the usual one. A
 * tracing channel can then make a span active for all that an operation does.
 */
export function contextStorage(): AsyncLocalStorage<Context> | undefined {
  const manager: unknown = Reflect.apply(
    Reflect.get(context, '_getContextManager') ?? (() => undefined),
    context,
    [],
  )
  if (typeof manager !== 'object' || manager === null) return undefined
  const storage: unknown = Reflect.get(manager, '_asyncLocalStorage')
  return storage instanceof AsyncLocalStorage ? storage : undefined
}
