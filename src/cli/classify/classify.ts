import type { Readable } from 'node:stream'
import { constants } from 'node:os'
import { CliError, EXIT_FAILURE, usageError, type Command, type CommandIo } from '../command.ts'
import { mayColor, renderLine } from '../demo/paint.ts'
import { classifyLines } from './jsonl.ts'
import { asJson, openJudge, type JudgeText } from './judge-text.ts'
import { classifyHelp, parseClassifyOptions } from './options.ts'
import { reportLines } from './report.ts'

/** Maximum size of a text on standard input. */
const MAX_TEXT_BYTES = 4 * 2 ** 20
const DEFAULT_COLUMNS = 100

export const classify: Command = {
  summary: 'Classify an SQL text: its kind, the reason, and the route',
  help: classifyHelp,
  async run(args, io) {
    const options = parseClassifyOptions(args)
    if (options.format === 'jsonl') return runLines(io, await openJudge(options))
    const sql = options.sql ?? (await textOf(io.stdin))
    const judgement = await (await openJudge(options))(sql)
    if (options.format === 'json') {
      io.stdout.write(`${asJson(judgement)}\n`)
      return 0
    }
    const lines = reportLines(sql, judgement, {
      columns: io.stdout.columns ?? DEFAULT_COLUMNS,
      askedDatabase: options.database !== undefined,
    })
    const color = mayColor(io.stdout, io.env)
    for (const line of lines) io.stdout.write(`${renderLine(line, color)}\n`)
    return 0
  },
}

async function runLines({ stdin, stdout }: CommandIo, judge: JudgeText): Promise<number> {
  const { judged, failed, isComplete } = await classifyLines(stdin, stdout, judge)
  if (!isComplete) return 128 + constants.signals.SIGPIPE
  if (failed > 0) {
    throw new CliError(`${failed} of ${judged + failed} lines could not be classified`, EXIT_FAILURE)
  }
  return 0
}

async function textOf(stdin: Readable & { readonly isTTY?: boolean | undefined }): Promise<string> {
  if (stdin.isTTY === true) throw usageError('Give an SQL text in quotes, or one on standard input')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk as Uint8Array | string)
    bytes += piece.length
    if (bytes > MAX_TEXT_BYTES) throw usageError(`Standard input is longer than ${MAX_TEXT_BYTES} bytes`)
    chunks.push(piece)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw usageError('Standard input is not UTF-8')
  }
}
