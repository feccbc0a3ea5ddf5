import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../package/install.ts'

/** A program of `examples/` with the head comment that says what it teaches. */
export interface Example {
  /** The first sentences of its comment. */
  readonly title: string
  /** The command that runs it on a fresh machine. */
  readonly command: string
  /** The lines that it prints, by its comment. `…` stands for a number that varies. */
  readonly prints: readonly string[]
}

/** @throws when the program has no such comment. */
export function readExample(path: string): Example {
  const text = readFileSync(join(root, path), 'utf8')
  const head = /^(?:\/\/.*\n)+/.exec(text)?.[0].replaceAll(/^\/\/ ?/gm, '') ?? ''
  const parts = /^([^]+?)\n\nRun: (.+)\n\nPrints:\n([^]+)$/.exec(head)
  if (parts === null)
    throw new Error(`The comment of ${path} does not say what it teaches, "Run:" and "Prints:"`)
  const [, title = '', command = '', prints = ''] = parts
  return {
    title,
    command,
    prints: prints
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(2)),
  }
}

/** Runs a program of `examples/` with the built library. Its output has `…` where its comment has it. */
export async function runExample(path: string, { prints }: Example): Promise<readonly string[]> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(root, path)], { cwd: root })
  if (stderr !== '') throw new Error(`${path} wrote to stderr: ${stderr}`)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line, i) => (isMasked(prints[i], line) ? (prints[i] ?? line) : line))
}

function isMasked(pattern: string | undefined, line: string): boolean {
  if (pattern === undefined) return false
  const parts = pattern.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('[\\d.]+')}$`).test(line)
}
