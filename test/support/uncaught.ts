import { settle } from './fake-platform.ts'

/** Runs `fn`, and resolves with the errors that nobody caught by the time it had come to rest. */
export async function uncaughtDuring(fn: () => void): Promise<readonly unknown[]> {
  const errors: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error))
  try {
    fn()
    await settle()
    return errors
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
}
