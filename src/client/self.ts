const SELF: unique symbol = Symbol('self')

/** Makes an object known as itself: a method that is called on a proxy of it finds it again, with its private fields. */
export function knowSelf(object: object): void {
  Object.defineProperty(object, SELF, { value: object })
}

/** The object itself, of it or of a proxy. Before it is known, what is given. */
export function selfOf<T extends object>(object: T): T {
  return (Reflect.get(object, SELF) as T | undefined) ?? object
}
