#!/usr/bin/env node
import { runCli } from './cli.ts'
import { classify } from './classify/classify.ts'
import type { Command } from './command.ts'
import { demo } from './demo/demo.ts'

const commands: ReadonlyMap<string, Command> = new Map([
  ['demo', demo],
  ['classify', classify],
])

// Whoever reads our output may stop before its end, as `head` does.
process.stdout.on('error', () => undefined)

process.exitCode = await runCli(process.argv.slice(2), commands, {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
})
