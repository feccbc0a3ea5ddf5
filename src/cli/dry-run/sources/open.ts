import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ClientConfig } from 'pg'
import { usageError } from '../../command.ts'
import type { SourceOption } from '../options.ts'
import type { Source } from '../traffic.ts'
import { readStatements } from './file.ts'
import { LogSource } from './log.ts'
import { readStatementsView } from './statements-view.ts'

/** Opens the source of the traffic. Rejects with one line when it cannot be read. */
export async function openSource(
  option: SourceOption,
  server: ClientConfig | undefined,
  stdin: Readable,
): Promise<Source> {
  if (option.kind === 'statements-view') return readStatementsView(option.server)
  const stream = option.path === '-' ? stdin : await opened(`--${option.kind}`, option.path)
  if (option.kind === 'file') return readStatements(await text(stream))
  return new LogSource(linesOf(stream), server?.database)
}

/** Opens the stream when the first line is read: readline drops lines that come earlier. */
async function* linesOf(input: Readable): AsyncIterable<string> {
  yield* createInterface({ input, crlfDelay: Infinity })
}

async function opened(flag: string, path: string): Promise<Readable> {
  const stream = createReadStream(path)
  await new Promise<void>((resolve, reject) => {
    stream.once('readable', resolve)
    stream.once('error', (error) => {
      const why = 'code' in error ? String(error.code) : 'it cannot be read'
      reject(usageError(`Option "${flag}" must be a file that can be read: ${why}`))
    })
  })
  return stream
}
