import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

import { SwitchyardError } from '../../errors/error.ts'

// Below the ephemeral ports of Linux and macOS. In that range an outgoing connection could occupy the port of a stopped
// server. A client that retries a closed port there may eventually connect to itself.
const LOWEST_PORT = 15_000
const HIGHEST_PORT = 32_000
const ATTEMPTS = 50

/** Returns a port of 127.0.0.1 that is free now. Another process may still take it. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT)
    if (await isFree(port)) return port
  }
  throw new SwitchyardError(
    'SWITCHYARD_TEST_CLUSTER',
    `no free port on 127.0.0.1: ${ATTEMPTS} between ${LOWEST_PORT} and ${HIGHEST_PORT} are taken`,
  )
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
