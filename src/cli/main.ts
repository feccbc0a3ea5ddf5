#!/usr/bin/env node
import { runCli } from './cli.ts'
import { classify } from './classify/classify.ts'
import type { Command } from './command.ts'
import { demo } from './demo/demo.ts'
import { doctor } from './doctor/doctor.ts'
import { dryRun } from './dry-run/dry-run.ts'

const commands: ReadonlyMap<string, Command> = new Map([
  ['demo', demo],
  ['classify', classify],
  ['doctor', doctor],
  ['dry-run', dryRun],
])

const { stdin, stdout, stderr, env, argv } = process

// The reader of our output may stop before its end, as `head` does.
stdout.on('error', () => undefined)

void runCli(argv.slice(2), commands, { stdin, stdout, stderr, env }).then((exitCode) => {
  // A connection to a server that no longer answers would keep the process alive.
  stdout.write('', () => stderr.write('', () => process.exit(exitCode)))
})
