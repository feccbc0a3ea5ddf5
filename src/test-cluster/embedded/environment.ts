/** Returns the environment without the `PG…` variables, which would affect PostgreSQL's programs. */
export function ownEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')))
}
