import process from 'node:process'

/** Whether modules may be loaded at any time. Jest fails a test file that loads modules after its end. */
export function mayLoadLate(): boolean {
  return process.env['JEST_WORKER_ID'] === undefined
}
