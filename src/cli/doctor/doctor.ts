import { readDeclared } from '../classify/declared-file.ts'
import { EXIT_FAILURE, type Command } from '../command.ts'
import { mayColor, renderLine } from '../demo/paint.ts'
import { findingsOf } from './finding.ts'
import { gather } from './gather.ts'
import { doctorHelp, parseDoctorOptions } from './options.ts'
import { asJson, countOf, reportLines } from './report.ts'
import { rules } from './rules.ts'

const DEFAULT_COLUMNS = 100

export const doctor: Command = {
  summary: 'Check a deployment and recommend fixes',
  help: doctorHelp,
  async run(args, io) {
    const { declaredFile, json, strict, ...deployment } = parseDoctorOptions(args)
    const declared = declaredFile === undefined ? [] : await readDeclared(declaredFile)
    const facts = await gather({ ...deployment, declared })
    const findings = findingsOf(facts, rules)
    if (json) io.stdout.write(`${asJson(facts, findings)}\n`)
    else {
      const color = mayColor(io.stdout, io.env)
      for (const line of reportLines(facts, findings, io.stdout.columns ?? DEFAULT_COLUMNS)) {
        io.stdout.write(`${renderLine(line, color)}\n`)
      }
    }
    const failing = countOf(findings, 'error') + (strict ? countOf(findings, 'warning') : 0)
    return failing === 0 ? 0 : EXIT_FAILURE
  },
}
