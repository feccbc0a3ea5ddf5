import type { Violation } from './auditor.ts'
import type { Plan } from './plan.ts'
import { describe } from './describe.ts'

const SERVERS: Partial<Record<number | string, string>> = {
  primary: 'the primary',
  former: 'the former primary',
}

/** Tells a schedule and what it breaks in words: who does what, the faults, and what happened. */
export function storyOf(
  plan: Plan,
  violations: readonly Violation[],
  trace: readonly string[],
): readonly string[] {
  const { lagMs, replicas, isSynchronous } = plan.world
  const operations = plan.actors.reduce((sum, actor) => sum + actor.operations.length, 0)
  const servers = `A primary and ${replicas} ${replicas === 1 ? 'replica' : 'replicas'} that lag by ${lagMs} ms`
  return [
    `${servers}${isSynchronous ? '; commits wait for them' : ''}. ${operations} operations, ${plan.faults.length} faults.`,
    `Options: ${JSON.stringify(plan.options)}`,
    ...plan.actors.map(({ hasSession, name, operations: own, process }) => {
      const list = own.map(({ action, id }) => `${id} ${describe(action)}`).join('; ')
      return `Caller ${name} of process ${process} (${hasSession ? 'a session of its own' : 'no session'}): ${list}`
    }),
    ...plan.faults.map(
      ({ atMs, forMs, process, server, type }) =>
        `Fault: ${type} of ${SERVERS[server] ?? `server ${server}`} at ${atMs.toFixed(0)} ms, ${forMs.toFixed(0)} ms long${process === undefined ? '' : `, for process ${process}`}`,
    ),
    ...violations.map(({ property, told }) => `Broken: ${property}. ${told}.`),
    'What happened, by the time in milliseconds:',
    ...trace.map((line) => `  ${line}`),
  ]
}
