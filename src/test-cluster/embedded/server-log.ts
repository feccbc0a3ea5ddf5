import { readFile } from 'node:fs/promises'

const LAST_LINES = 15

/**
 * Returns the last lines of a server's log; empty when there is none yet.
 *
 * @param fromByte Leaves out the log before this offset.
 */
export async function lastLines(file: string, fromByte: number = 0): Promise<string> {
  const content = await readFile(file).catch(() => Buffer.alloc(0))
  return content.subarray(fromByte).toString('utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n')
}
