import { constants } from 'node:os'
import type { Writable } from 'node:stream'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Process managers may forward a signal that also reached us directly. A second one counts only after this time. */
const SAME_SIGNAL_MS = 1000

/** Request of the user or the system to end the process. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** 128 + n for signal n; `undefined` without a request. */
  readonly exitCode: number | undefined
  /** Stops listening. */
  close(): void
}

/**
 * Listens for signals that end a process and for the close of the output, so that there is time to clean up. A second
 * signal ends the process at once.
 */
export function listenForInterrupt(stdout: Writable): Interrupt {
  const controller = new AbortController()
  let exitCode: number | undefined
  let firstAtMs = 0
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    const code = 128 + constants.signals[name]
    if (exitCode !== undefined && performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(code)
    if (exitCode !== undefined) return
    exitCode = code
    firstAtMs = performance.now()
    controller.abort(new Error(`Ended by ${name}`))
  }
  const onBrokenOutput = (): void => {
    exitCode ??= 128 + constants.signals.SIGPIPE
    controller.abort(new Error('The output was closed'))
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  stdout.on('error', onBrokenOutput)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    close: () => {
      for (const name of SIGNALS) process.off(name, onSignal)
      stdout.off('error', onBrokenOutput)
    },
  }
}
