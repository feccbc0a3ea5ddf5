import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { Cluster } from '../../src/test-cluster/index.ts'

/** A span as one of the tools shows it. */
export interface Span {
  readonly id: string
  readonly parent?: string
  readonly name: string
  readonly isQuery: boolean
  /** The opening or the checkout of a connection. */
  readonly isConnect: boolean
  readonly isEnded: boolean
  readonly isFailed: boolean
  readonly host?: string
  readonly port?: number
  readonly attributes: Readonly<Record<string, unknown>>
}

type Place = 'primary' | 'replica' | 'any'

/** One path, run as one request. */
export interface Run {
  readonly name: string
  /** The span of the request. */
  readonly id: string
  readonly where: Place | readonly Place[]
  /** Whether callbacks and promises had the span of their request. */
  readonly isActive: boolean
  /** The same for an application's own AsyncLocalStorage. */
  readonly isStored: boolean
}

/** What a program has shown. */
export interface Seen {
  readonly runs: readonly Run[]
  readonly spans: readonly Span[]
  /** Whether reads have had names of their own. */
  readonly isNamed: boolean
}

export type Form = 'cjs' | 'esm'

const folder = import.meta.dirname
const tool = (name: string): string => join(folder, 'tools', name)

/** The options of Node.js that load each tool, as its documentation has it. */
export const TOOLS: Readonly<Record<string, Readonly<Record<Form, readonly string[]>>>> = {
  '@opentelemetry/instrumentation-pg': {
    cjs: ['--require', tool('opentelemetry.cjs')],
    esm: ['--import', tool('opentelemetry.mjs')],
  },
  '@opentelemetry/instrumentation-pg with comments': {
    cjs: ['--require', tool('opentelemetry.cjs')],
    esm: ['--import', tool('opentelemetry.mjs')],
  },
  'dd-trace': {
    cjs: ['--require', tool('dd-trace.cjs')],
    esm: ['--import', 'dd-trace/register.js', '--require', tool('dd-trace.cjs')],
  },
  // Adds another comment to each statement.
  'dd-trace with database monitoring': {
    cjs: ['--require', tool('dd-trace.cjs')],
    esm: ['--import', 'dd-trace/register.js', '--require', tool('dd-trace.cjs')],
  },
  '@sentry/node': {
    cjs: ['--import', tool('sentry.cjs')],
    esm: ['--import', tool('sentry.cjs')],
  },
  'sentry-10': {
    cjs: ['--require', tool('sentry.cjs')],
    esm: ['--import', tool('sentry.cjs')],
  },
}

/** Runs all paths under a tool, over bare pg or over this library. */
export function seenBy(name: string, form: Form, over: 'bare' | 'routed', cluster: Cluster): Promise<Seen> {
  const nodes = [cluster.primary, ...cluster.replicas].map(({ config }) => config)
  const own = Object.entries(process.env).filter(
    ([key]) => !/^(?:PG|DATABASE_|NODE_OPTIONS|VITEST)/.test(key),
  )
  const env = {
    ...Object.fromEntries(own),
    TRACED: JSON.stringify({ nodes }),
    OVER: over,
    COMMENTS: name.endsWith('with comments') ? 'on' : 'off',
    DD_DBM_PROPAGATION_MODE: name.endsWith('monitoring') ? 'full' : 'disabled',
    SENTRY: name.includes('sentry') ? name : '',
  }
  const args = [...(TOOLS[name]?.[form] ?? []), form === 'esm' ? 'esm.mjs' : 'cjs.cjs']
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env, timeout: 280_000, maxBuffer: 2 ** 28 }
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      // Tools may write lines of their own.
      const begin = stdout.indexOf('{"runs"')
      if (error === null && begin !== -1) resolve(JSON.parse(stdout.slice(begin)) as Seen)
      else reject(new Error(`${name} ${form} ${over}: ${error?.message ?? stdout}\n${stderr}`))
    })
  })
}

/** The spans of the queries of one request, without their nodes; in no order where they run at once. */
export function queriesOf({ spans }: Seen, { id }: Run): readonly Span[] {
  return spans.filter(({ isQuery, parent }) => isQuery && parent === id)
}

/** What must be the same as with bare pg. */
export function shownOf(spans: readonly Span[]): readonly unknown[] {
  const shown = spans.map(({ attributes, isEnded, isFailed, name }) => ({
    name,
    isEnded,
    isFailed,
    attributes,
  }))
  return shown.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}
