import { localImports } from './ranks.ts'
import type { Source } from './source.ts'

/** One way round for each file at which a walk along the imports, type imports included, comes back to itself. */
export function findCycles(sources: readonly Source[]): readonly string[] {
  const edges = new Map(sources.map((source) => [source.path, localImports(source)]))
  const done = new Set<string>()
  const cycles: string[] = []
  const walk = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path])
    done.add(path)
  }
  for (const source of sources) walk(source.path, [])
  return cycles
}
