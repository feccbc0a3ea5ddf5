import type { ResolvedOptions } from '../config/resolved-options.ts'
import type { Done } from '../execution/execution.ts'
import { Query } from '../nodes/query.ts'
import type { EventStream } from '../observability/event-stream.ts'
import { Tracer } from '../observability/tracer.ts'
import { systemPlatform } from '../platform/system.ts'
import { addressOf, databaseOf, poolName } from '../router/pool-name.ts'
import { PENDING } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'

/**
 * Follows the statements of `query()` of a pool of one node while they have listeners. Nothing is classified, so
 * that no parser is loaded: names and operations are read from the words of a text.
 */
export class SingleNodeTraces {
  readonly #tracer: Tracer
  readonly #node: NodeView

  constructor(stream: EventStream, resolved: ResolvedOptions) {
    const reached = addressOf(resolved.nodes[0]?.options ?? resolved.pgOptions)
    const id = resolved.nodes[0]?.id ?? poolName(resolved)
    // Whether it is a primary is not known.
    this.#node = { id, weight: 1, role: 'unknown', state: PENDING }
    this.#tracer = new Tracer({
      stream,
      platform: systemPlatform,
      database: databaseOf(resolved),
      addressOf: () => reached,
    })
  }

  /** Whether anybody listens. */
  get isOn(): boolean {
    return this.#tracer.isOn
  }

  /** Starts a statement, with a trace if there are listeners. */
  run(config: unknown, done: Done, start: (done: Done) => void): void {
    if (!this.isOn) return start(done)
    const query = Query.sentOtherwise(textOf(config))
    this.#tracer.run(query, done, (answered) => {
      query.trace?.sent(this.#node)
      start(answered)
    })
  }
}

function textOf(config: unknown): string | undefined {
  const text: unknown = typeof config === 'object' && config !== null ? Reflect.get(config, 'text') : config
  return typeof text === 'string' ? text : undefined
}
