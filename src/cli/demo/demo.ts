import { CliError, EXIT_FAILURE, type Command } from '../command.ts'
import { createClock } from './clock.ts'
import { startServers } from './embedded-servers.ts'
import { plural } from './format.ts'
import { listenForInterrupt } from './interrupt.ts'
import { demoHelp, parseDemoOptions, type DemoOptions } from './options.ts'
import { openServers } from './own-servers.ts'
import { DemoPage } from './page.ts'
import { isGood, summaryLines, type Report } from './report.ts'
import { runInShop } from './run.ts'
import { screenFor, silentScreen, type Screen } from './screen.ts'
import { createShop, schemaName, untilCaughtUp } from './setup.ts'
import { SHOP_ROWS } from './shop.ts'

export const demo: Command = {
  summary: 'Watch reads leave the primary, while a replica lags, dies and returns',
  help: demoHelp,
  async run(args, io) {
    const options = parseDemoOptions(args)
    const interrupt = listenForInterrupt(io.stdout)
    const screen = options.json ? silentScreen : screenFor(io, options.seconds)
    let page: DemoPage | undefined
    try {
      // Before the servers start: a port that is taken shows at once.
      if (options.pagePort !== undefined) {
        page = await DemoPage.open(options.pagePort)
        if (options.json) io.stderr.write(`The live page is at ${page.url}\n`)
        screen.keep(`The live page is at ${page.url}`)
      }
      const report = await runDemo(options, screen, interrupt.signal, page)
      screen.close(summaryLines(report))
      if (options.json) io.stdout.write(`${JSON.stringify(report)}\n`)
      return isGood(report) ? 0 : EXIT_FAILURE
    } catch (error) {
      screen.close([])
      // A `CliError` after an interruption comes from the clean-up.
      if (interrupt.exitCode === undefined || error instanceof CliError) throw error
      io.stderr.write('Interrupted. Everything that the demo made is removed.\n')
      return interrupt.exitCode
    } finally {
      interrupt.close()
      await page?.close()
    }
  },
}

/** Runs the demo and cleans up. Rejects when either fails. */
async function runDemo(
  options: DemoOptions,
  screen: Screen,
  signal: AbortSignal,
  page: DemoPage | undefined,
): Promise<Report> {
  const schema = schemaName()
  if (options.servers === undefined)
    screen.say(`Starting a primary and ${plural(options.replicas, 'replica')} …`)
  const servers =
    options.servers === undefined
      ? await startServers(options.replicas)
      : await openServers(options.servers, schema, signal)
  let report: Report
  try {
    signal.throwIfAborted()
    screen.say(`Filling a small shop, ${SHOP_ROWS} rows in schema ${schema} …`)
    await createShop(servers.primary, schema, signal)
    await untilCaughtUp(servers, createClock(signal), signal)
    report = await runInShop({ options, servers, schema, screen, signal, page })
    signal.throwIfAborted()
  } finally {
    await servers.close()
  }
  return report
}
