const SELF: unique symbol = Symbol('self')

/** Registers an object, so that a method called on a proxy of it can find the object with its private fields. */
export function knowSelf(object: object): void {
  Object.defineProperty(object, SELF, { value: object })
}

/** Returns the object behind a proxy; the argument itself if none is registered. */
export function selfOf<T extends object>(object: T): T {
  return (Reflect.get(object, SELF) as T | undefined) ?? object
}
