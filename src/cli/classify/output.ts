import type { Writable } from 'node:stream'

export interface Output {
  /** Resolves when more can be written: to false when the output is closed. */
  write(text: string): Promise<boolean>
}

export function createOutput(stream: Writable): Output {
  let isBroken = false
  const onEnd = (): void => {
    isBroken = true
  }
  stream.once('error', onEnd)
  stream.once('close', onEnd)
  return {
    write: async (text) => {
      if (!isBroken && !stream.write(text)) await room(stream)
      return !isBroken
    },
  }
}

function room(stream: Writable): Promise<void> {
  const events = ['drain', 'error', 'close'] as const
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) stream.off(event, done)
      resolve()
    }
    for (const event of events) stream.on(event, done)
  })
}
