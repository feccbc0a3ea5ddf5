// Jest hands this to each module of a test, and to no other.
declare const jest: unknown

/** The part of `process` that is looked at. */
interface Surroundings {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Whether this process runs Jest, and this module is none of its tests'. Tests have modules of their own, so the `pg`
 * that they load is not the one that is changed here.
 */
export function isBesideJest({ argv, env }: Surroundings): boolean {
  if (typeof jest !== 'undefined') return false
  return (
    env['JEST_WORKER_ID'] !== undefined ||
    /[\\/](?:\.bin[\\/]jest|jest(?:-cli)?[\\/]bin[\\/]jest\.js)$/.test(argv[1] ?? '')
  )
}
