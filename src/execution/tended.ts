const nothing = (): void => {}

/** A promise of which nobody has to hear when it fails, nor of those that follow from it. Whoever awaits it does. */
class TendedPromise<T> extends Promise<T> {
  // Every promise has it; what is thenable here is one.
  // oxlint-disable-next-line unicorn/no-thenable
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const next = super.then(fulfilled, rejected)
    // Past this method, which would do the same for what comes of it, and so on.
    void Promise.prototype.then.call(next, undefined, nothing)
    return next
  }
}

/** The same promise, but that its failure is told here, and is nobody's unhandled rejection. */
export function tended<T>(promise: Promise<T>, failed: (error: unknown) => void): Promise<T> {
  const result = new TendedPromise<T>((resolve) => resolve(promise))
  void Promise.prototype.then.call(result, undefined, failed)
  return result
}
