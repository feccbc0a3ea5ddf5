import { folderOf, isTest, type Source } from './source.ts'

interface Ban {
  readonly what: string
  readonly pattern: RegExp
  /** Folders in which it is allowed. */
  readonly except: readonly string[]
}

const timeAndChance: readonly string[] = ['platform', 'cli', 'test-cluster']

// A name behind a dot is a method of something that was handed in, unless that something is the global object.
const global = String.raw`(?<!(?<!globalThis)\.|[\w$#])`

export const bans: readonly Ban[] = [
  { what: 'Date.now', pattern: new RegExp(String.raw`${global}Date\s*\.\s*now\b`), except: timeAndChance },
  {
    what: 'new Date()',
    pattern: new RegExp(String.raw`${global}Date\s*\(\s*\)`),
    except: timeAndChance,
  },
  {
    what: 'Math.random',
    pattern: new RegExp(String.raw`${global}Math\s*\.\s*random\b`),
    except: timeAndChance,
  },
  {
    what: 'performance',
    pattern: new RegExp(String.raw`${global}performance\s*\.\s*now\b|\bprocess\s*\.\s*hrtime\b`),
    except: timeAndChance,
  },
  {
    what: 'a timer',
    pattern: new RegExp(
      String.raw`${global}(?:setTimeout|setInterval|setImmediate)\b|${global}AbortSignal\s*\.\s*timeout\b`,
    ),
    except: timeAndChance,
  },
  { what: 'console', pattern: new RegExp(String.raw`${global}console\s*[.[]`), except: ['cli'] },
]

const timeModules: readonly string[] = [
  'node:timers',
  'node:timers/promises',
  'node:perf_hooks',
  'timers',
  'perf_hooks',
]

/** Uses of time, chance and the console outside the folders that own them. */
export function banned(sources: readonly Source[]): readonly string[] {
  return sources
    .filter((source) => !isTest(source.path))
    .flatMap((source) => {
      const folder = folderOf(source.path)
      const uses = bans.filter((ban) => !ban.except.includes(folder) && ban.pattern.test(source.code))
      const modules = source.imports.filter(
        (specifier) => timeModules.includes(specifier) && !timeAndChance.includes(folder),
      )
      return [...uses.map((ban) => ban.what), ...modules].map((what) => `${source.path} uses ${what}`)
    })
}

/** Notes to self, in code and in comments. */
export function leftovers(sources: readonly Source[]): readonly string[] {
  const word = /\b(?:TODO|FIXME|XXX)\b/
  return sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (word.test(line) ? [`${path}:${index + 1}`] : [])),
  )
}

/** An `index.ts` is for a package entry, not for the inside. */
export function barrels(sources: readonly Source[]): readonly string[] {
  const folders = ['http', 'metrics', 'opentelemetry', 'register', 'test-cluster']
  const entries = ['index.ts', ...folders.map((folder) => `${folder}/index.ts`)]
  return sources
    .map((source) => source.path)
    .filter((path) => /(?:^|\/)index\.ts$/.test(path) && !entries.includes(path))
}

/** Values of `pg` that do not come by way of `platform/pg.ts`: `register/` could not replace them for the application. */
export function pgValues(sources: readonly Source[]): readonly string[] {
  const exempt = ['index.ts', 'cli/', 'test-cluster/']
  const value = /^(?:import|export)\s+(?!type\b)[^;'"]*?\bfrom\s*'pg'/m
  return sources
    .filter(({ path }) => !isTest(path) && !exempt.some((start) => path.startsWith(start)))
    .filter(({ text }) => value.test(text))
    .map(({ path }) => path)
}

/** Constructs that plain type stripping cannot remove. */
export function unerasable(sources: readonly Source[]): readonly string[] {
  return sources
    .filter((source) =>
      /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?(?:enum|namespace)\s+\w+[\s\w.]*\{/m.test(source.code),
    )
    .map((source) => source.path)
}

export function lineCount(source: Source): number {
  return source.text.trimEnd().split('\n').length
}

/** Docstrings that begin with a question word in place of a noun or a verb. */
export function riddles(sources: readonly Source[]): readonly string[] {
  const start = /\/\*\*[\s*]*(?:What|Who|Whose|Whatever|Whoever|Whomever)\b/g
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(start)].map(({ 0: found, index }) => {
      return `${path}:${text.slice(0, index + found.length).split('\n').length}`
    }),
  )
}
