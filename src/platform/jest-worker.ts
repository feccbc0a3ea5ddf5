import process from 'node:process'

/** Whether this is a worker of Jest. It refuses to load modules once a test file is over, and fails the file. */
export function isJestWorker(): boolean {
  return process.env['JEST_WORKER_ID'] !== undefined
}
