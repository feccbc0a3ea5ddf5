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

/** Runs `fn`, and resolves with the errors that nobody caught until it was over and the event loop had turned. */
export async function whileUncaughtIsHeard(fn: () => Promise<void>): Promise<readonly unknown[]> {
  const errors: unknown[] = []
  const note = (error: unknown): void => void errors.push(error)
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', note)
  try {
    await fn()
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
    return errors
  } finally {
    process.removeListener('uncaughtException', note)
    for (const listener of before) process.on('uncaughtException', listener)
  }
}
