import type { ReadStream, WriteStream } from 'node:tty'
import type { Readable, Writable } from 'node:stream'
import { SwitchyardError } from '../errors/error.ts'

/** What a command may touch of the process it runs in. */
export interface CommandIo {
  readonly stdin: Readable & Partial<Pick<ReadStream, 'isTTY'>>
  readonly stdout: Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
}

/** One subcommand of `pg-switchyard`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** What `--help` prints behind the command's name; ends with a line break. */
  readonly help: string
  /** Resolves to the exit code. Rejects with a `CliError` when it cannot do its work. */
  run(args: readonly string[], io: CommandIo): Promise<number>
}

/** The command line was wrong. */
export const EXIT_USAGE = 2
/** The command line was right, but the work could not be done. */
export const EXIT_FAILURE = 1

/** Ends a command: its message is all that the user gets to see. */
export class CliError extends SwitchyardError {
  readonly exitCode: number

  constructor(message: string, exitCode: number, cause?: unknown) {
    super('SWITCHYARD_CLI', message, { cause })
    this.exitCode = exitCode
  }
}

export function usageError(message: string): CliError {
  return new CliError(message, EXIT_USAGE)
}

/** The word in quotes behind a space; nothing when it may be a secret, such as an address with a password. */
export function quoted(word: string): string {
  return /^[\w-]{1,40}$/.test(word) ? ` "${word}"` : ''
}
