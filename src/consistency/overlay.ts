const NONE: ReadonlySet<string> = new Set()

/** The name of the setting that holds the role. */
const ROLE = 'role'

/**
 * The settings and the role under which the statements of a session run, by the names of the settings in lower case.
 * Immutable. The role comes last: it decides which settings may be changed.
 */
export class Overlay {
  readonly values: ReadonlyMap<string, string>
  /** Names of settings with a dot in them. Such a setting stays defined, and empty, on a connection that has had it. */
  readonly custom: ReadonlySet<string>

  constructor(settings: ReadonlyMap<string, string>, role: string | undefined) {
    const values = new Map(settings)
    if (role !== undefined) values.set(ROLE, role)
    const custom = [...values.keys()].filter((name) => name.includes('.'))
    this.values = values
    this.custom = custom.length === 0 ? NONE : new Set(custom)
  }

  /** The names of the settings, with `role` last if there is one. */
  get names(): readonly string[] {
    return [...this.values.keys()]
  }

  /** Returns these settings together with those of an enclosing session that they do not replace. */
  within(outer: Overlay | undefined): Overlay {
    if (outer === undefined) return this
    const settings = new Map([...outer.values, ...this.values])
    const role = settings.get(ROLE)
    settings.delete(ROLE)
    return new Overlay(settings, role)
  }
}
