import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A change of the built library. */
interface Change {
  /** Text of a chunk, which must occur exactly once in all of them. */
  readonly find: string
  readonly replace: string
}

/** A defect that the library once had, or would have without one of its rules. */
export interface Defect extends Change {
  readonly name: string
  /** Description of the wrong behaviour. */
  readonly told: string
  /** The second guard of the same promise, if there is one. Only without both of them can anything go wrong. */
  readonly besides?: Change
}

export const defects: readonly Defect[] = [
  {
    name: 'write-sent-twice',
    told: 'A write whose connection was lost is sent again.',
    find: 'if (wasSent && !isRefused) return this.fail(failure === "node" || isTimeout(error) ? withOutcome(error, "unknown") : error);',
    replace: '',
  },
  {
    name: 'outcome-not-sent',
    told: 'The error of a write that may have happened says that it did not.',
    find: 'if (wasSent && !isRefused) return this.fail(failure === "node" || isTimeout(error) ? withOutcome(error, "unknown") : error);',
    replace: 'if (wasSent && !isRefused) return this.fail(withOutcome(error, "not-sent"));',
  },
  {
    name: 'stale-by-position',
    told: 'A read goes to a replica that has not replayed the position of its session.',
    find: 'if (position !== void 0 && !isAt(observation, lag, position)) return "behind-session";',
    replace: '',
  },
  {
    name: 'stale-by-time',
    told: 'A read goes to a replica although the position of a write is not known yet.',
    find: 'if (sinceMs !== void 0 && node.lag.freshAsOfMs < sinceMs) return "behind-session";',
    replace: '',
  },
  {
    name: 'stale-in-band',
    told: 'The answer of a replica that was found to be behind is not dropped.',
    find: 'else if (shows(node, lsn, wanted)) return void 0;',
    replace: 'else return void 0;',
  },
  {
    name: 'reads-go-back',
    told: 'A session does not remember which replica it has read from.',
    find: 'this.#lastReads = compact([read, ...beside]);',
    replace: '',
  },
  {
    name: 'shown-before-position',
    told: 'What a replica has shown is taken for what it had replayed: redo shows a commit first.',
    find: 'lsn: receivedLsn === lsn ? lsn : lsn + 1n',
    replace: 'lsn',
  },
  {
    name: 'restarted-replica',
    told: 'A replica that was restarted counts as the one that has shown more.',
    find: 'candidate.serverIdentity === serverIdentity) return true;',
    replace:
      'candidate.serverIdentity.replace(/:\\d+/, "") === serverIdentity.replace(/:\\d+/, "")) return true;',
    // Rows that a lost server has shown are then required of the primary.
    besides: {
      find: 'if (lost.length > 0) session.lost(lost, platform.now(), this.request());',
      replace: '',
    },
  },
  {
    name: 'timelines-compared',
    told: 'A position of an older timeline counts as one of the newer.',
    find: 'return seen.timeline >= wanted.timeline && seen.lsn >= wanted.lsn;',
    replace: 'return seen.lsn >= wanted.lsn;',
    // The lag of a replica on another timeline is not known either.
    besides: {
      find: 'timeline === void 0 || timeline !== this.#timeline) return void 0;\n\t\treturn this.lagAt(lsn);',
      replace: 'timeline === void 0) return void 0;\n\t\treturn this.lagAt(lsn);',
    },
  },
  {
    name: 'old-primary',
    told: 'An old primary that comes back takes writes.',
    find: 'timeline === void 0 ? !canTell : newestTimeline === void 0 || timeline >= newestTimeline;',
    replace: 'true;',
  },
  {
    name: 'timeline-forgotten',
    told: 'An old primary that is alone takes writes, because the newer timeline is forgotten.',
    find: 'isOfCluster({ systemIdentifier }, memory.systemIdentifier) ? memory.newestTimeline : void 0);',
    replace: 'isOfCluster({ systemIdentifier }, memory.systemIdentifier) ? void 0 : void 0);',
  },
  {
    name: 'old-connection',
    told: 'A client goes on writing over its connection to a primary that is no longer one.',
    find: 'return state.observation.serverIdentity !== primary.state.observation.serverIdentity;',
    replace: 'return false;',
    // One that is in the list and answers is excluded.
    besides: { find: 'if (exclusion !== void 0 && exclusion !== "same-server") return true;', replace: '' },
  },
  {
    name: 'write-to-a-key',
    told: 'A read of a whole table misses a write to one of its rows.',
    find: 'times.latestMs = Math.max(times.latestMs, atMs);',
    replace: 'if (key === void 0) times.latestMs = Math.max(times.latestMs, atMs);',
  },
  {
    name: 'commit-forgotten',
    told: 'A transaction that has written counts as one that has only read.',
    find: 'if (isOpen && !(control === "commit"',
    replace: 'if (control === "commit") { this.#clear(); return; }\n\t\tif (isOpen && !(control === "commit"',
  },
  {
    name: 'optimistic-unchecked',
    told: 'What an optimistic transaction has read on a replica is not compared with the primary.',
    find: 'return before === void 0 ? error === void 0 : before.digest === answer?.digest;',
    replace: 'return true;',
  },
  {
    name: 'primary-shows-less',
    told: 'A read goes to a primary that does not show yet what its session has seen on a replica.',
    find: 'if (left.length === 0) return "shown";',
    replace: 'return "shown";',
  },
  {
    name: 'fresh-as-seen',
    told: 'A replica counts as fresh up to when its position was told, not up to when the question was sent.',
    find: 'const freshAsOfMs = sample.lastSentAtMs;',
    replace: 'const freshAsOfMs = sample.lastSentAtMs + 300;',
  },
  {
    name: 'timer-left',
    told: 'A timer of the probes is not stopped at the end.',
    find: 'async close() {\n\t\tthis.#isClosed = true;\n\t\tthis.#timer?.cancel();',
    replace: 'async close() {\n\t\tthis.#timer?.cancel();',
  },
  {
    name: 'process-asleep',
    told: 'A timeout counts the time in which the event loop was blocked.',
    find: 'if (platform.now() - dueAtMs > LATE_MS && repeats > 0) repeats -= 1;\n\t\t\telse leftMs -= ms;',
    replace: 'leftMs = dueAtMs - platform.now();',
  },
  {
    name: 'lost-read',
    told: 'A read whose connection was lost is never answered.',
    find: 'if (result === BEHIND$1 || failure === "busy" || failure === "full") return this.#waitLater(walk, full);',
    replace:
      'if (failure === "node") return;\n\t\t\tif (result === BEHIND$1 || failure === "busy" || failure === "full") return this.#waitLater(walk, full);',
  },
]

/** Copies the built library with a defect in it. The copy has to lie where the packages of the library are found. */
export function copyWith({ besides, find, name, replace }: Defect, library: string, folder: string): string {
  const directory = join(folder, name)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  cpSync(library, directory, { recursive: true, filter: (path) => !path.endsWith('.d.ts') })
  change(join(directory, 'chunks'), { find, replace }, name)
  if (besides !== undefined) change(join(directory, 'chunks'), besides, name)
  return directory
}

function change(chunks: string, { find, replace }: Change, name: string): void {
  let found = 0
  for (const file of readdirSync(chunks).filter((each) => each.endsWith('.js'))) {
    const text = readFileSync(join(chunks, file), 'utf8')
    const parts = text.split(find)
    found += parts.length - 1
    if (parts.length > 1) writeFileSync(join(chunks, file), parts.join(replace))
  }
  if (found !== 1)
    throw new Error(`The text of the defect ${name} occurs ${found} times in the built library`)
}
