import { execFile } from 'node:child_process'

export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | string | null
}

/** Runs Node in a folder, with these variables and nothing that the tests' own environment says of PostgreSQL. */
export function run(
  folder: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<Ended> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:PG|DATABASE_|NODE_OPTIONS|VITEST)/.test(name),
  )
  const env = { ...Object.fromEntries(own), ...variables }
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env, timeout: 25_000 }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: error === null ? 0 : (error.code ?? error.signal ?? null) })
    })
  })
}
