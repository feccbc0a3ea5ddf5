import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { runCli } from './cli.ts'
import { CliError, usageError, type Command } from './command.ts'

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    demo: { summary: 'Shows it', help: '[options]\n', run: async (args) => args.length },
    broken: { summary: 'Fails', help: 'broken\n', run: () => Promise.reject(new CliError('no luck', 7)) },
    wrong: { summary: 'Is used wrongly', help: 'wrong\n', run: () => Promise.reject(usageError('not so')) },
  } satisfies Record<string, Command>),
)

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const code = await runCli(args, commands, { stdin: new PassThrough(), stdout, stderr, env: {} })
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') }
}

describe('pg-switchyard', () => {
  it('hands the rest of the line to the command, whose exit code is its own', async () => {
    expect(await run('demo', '--a', 'b')).toEqual({ code: 2, out: '', err: '' })
  })

  it.each(['--help', '-h', 'help'])('%s lists the commands', async (flag) => {
    const { code, out, err } = await run(flag)
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('  demo    Shows it\n')
  })

  it('without a command lists them too, as a mistake', async () => {
    const { code, out, err } = await run()
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Usage: pg-switchyard <command>')
  })

  it.each([[['help', 'demo']], [['demo', '--help']], [['demo', '--seconds', '5', '-h']]])(
    '%s helps with the command',
    async (args) => {
      expect(await run(...args)).toEqual({ code: 0, out: 'Usage: pg-switchyard demo [options]\n', err: '' })
    },
  )

  it.each(['--version', '-v'])('%s', async (flag) => {
    const { code, out } = await run(flag)
    expect([code, /^\d+\.\d+\.\d+\S*\n$/.test(out)]).toEqual([0, true])
  })

  it.each([
    [['dmeo'], 2, 'pg-switchyard: Unknown command "dmeo". Did you mean "demo"?\n'],
    [['help', 'dem'], 2, 'pg-switchyard: Unknown command "dem". Did you mean "demo"?\n'],
    [
      ['xylophone'],
      2,
      'pg-switchyard: Unknown command "xylophone". pg-switchyard --help lists the commands\n',
    ],
    [
      ['constructor'],
      2,
      'pg-switchyard: Unknown command "constructor". pg-switchyard --help lists the commands\n',
    ],
    [['--quiet'], 2, 'pg-switchyard: Unknown option "--quiet". pg-switchyard --help lists the commands\n'],
    [
      ['postgres://me:secret@host/db'],
      2,
      'pg-switchyard: Unknown command. pg-switchyard --help lists the commands\n',
    ],
    [['broken'], 7, 'pg-switchyard broken: no luck\n'],
    [['wrong'], 2, 'pg-switchyard wrong: not so\n'],
  ])('%s ends with %d', async (args, code, err) => {
    expect(await run(...args)).toEqual({ code, out: '', err })
  })
})
