import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pause } from '../timings.ts'

const MIB = 1024 * 1024

export interface Memory {
  readonly heapMiB: number
  /** Buffers, and the memory of WebAssembly among them. */
  readonly externalMiB: number
  readonly rssMiB: number
}

/** Memory of the process behind a collection of everything that is not in use. */
export async function memoryInUse(): Promise<Memory> {
  const collect = collector()
  for (let round = 0; round < 3; round += 1) {
    collect()
    await pause(20)
  }
  const { arrayBuffers, external, heapUsed, rss } = process.memoryUsage()
  return { heapMiB: heapUsed / MIB, externalMiB: (external + arrayBuffers) / MIB, rssMiB: rss / MIB }
}

/** Test runners start without the flag. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return (globalThis.gc ?? runInNewContext('gc')) as () => void
}
