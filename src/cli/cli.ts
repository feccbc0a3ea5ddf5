import { readFileSync } from 'node:fs'
import { nearest } from '../config/known-options.ts'
import { SwitchyardError } from '../errors/error.ts'
import {
  CliError,
  EXIT_FAILURE,
  EXIT_USAGE,
  quoted,
  usageError,
  type Command,
  type CommandIo,
} from './command.ts'

const NAME = 'pg-switchyard'

/**
 * Runs a command line without the program's name. Resolves to its exit code: 0, 1 when the command failed, 2 when the
 * command line was invalid, 128 + n after signal n. Never rejects.
 */
export async function runCli(
  args: readonly string[],
  commands: ReadonlyMap<string, Command>,
  io: CommandIo,
): Promise<number> {
  const [name, ...rest] = args
  try {
    if (name === undefined) {
      io.stderr.write(overview(commands))
      return EXIT_USAGE
    }
    if (name === '--help' || name === '-h' || name === 'help') return helpFor(rest[0], commands, io)
    if (name === '--version' || name === '-v') {
      io.stdout.write(`${version()}\n`)
      return 0
    }
    const command = commandNamed(name, commands)
    if (rest.includes('--help') || rest.includes('-h')) return helpFor(name, commands, io)
    return await command.run(rest, io)
  } catch (error) {
    const where = name !== undefined && commands.has(name) ? `${NAME} ${name}` : NAME
    io.stderr.write(`${where}: ${messageOf(error)}\n`)
    return error instanceof CliError ? error.exitCode : EXIT_FAILURE
  }
}

function overview(commands: ReadonlyMap<string, Command>): string {
  const width = Math.max(...[...commands.keys()].map((name) => name.length))
  const lines = [...commands].map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`)
  return (
    `Usage: ${NAME} <command> [options]\n\n${lines.join('')}\n${NAME} <command> --help tells more. ` +
    `${NAME} --version prints the version.\n`
  )
}

function helpFor(name: string | undefined, commands: ReadonlyMap<string, Command>, io: CommandIo): number {
  const text =
    name === undefined ? overview(commands) : `Usage: ${NAME} ${name} ${commandNamed(name, commands).help}`
  io.stdout.write(text)
  return 0
}

function commandNamed(name: string, commands: ReadonlyMap<string, Command>): Command {
  const command = commands.get(name)
  if (command !== undefined) return command
  const guess = nearest(name, commands.keys())
  const advice = guess === undefined ? `${NAME} --help lists the commands` : `Did you mean "${guess}"?`
  const what = name.startsWith('-') ? 'option' : 'command'
  throw usageError(`Unknown ${what}${quoted(name)}. ${advice}`)
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return manifest.version
}

function messageOf(error: unknown): string {
  if (error instanceof SwitchyardError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
