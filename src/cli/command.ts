import type { ReadStream, WriteStream } from 'node:tty'
import type { Readable, Writable } from 'node:stream'
import { SwitchyardError } from '../errors/error.ts'

/** The parts of the process that a command may use. */
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
  /** Text that `--help` prints after the command's name; ends with a line break. */
  readonly help: string
  /** Resolves to the exit code. Rejects with a `CliError` when the command fails. */
  run(args: readonly string[], io: CommandIo): Promise<number>
}

/** Exit code for an invalid command line. */
export const EXIT_USAGE = 2
/** Exit code for a command that failed. */
export const EXIT_FAILURE = 1

/** An error that ends a command. The user sees only its message. */
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

/**
 * Returns a space and the word in quotes; an empty string when it may be a secret, such as an address with a password.
 */
export function quoted(word: string): string {
  return /^[\w-]{1,40}$/.test(word) ? ` "${word}"` : ''
}
