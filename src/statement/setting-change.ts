/**
 * A constant of the text, or one of its parameters, `$1` being number 1.
 *
 * @example
 * const argument: SettingArgument = { parameter: 1 }
 */
export type Argument = { readonly text: string | null } | { readonly parameter: number }

/**
 * A change of a setting of the session. Names are in lower case, as PostgreSQL compares them.
 *
 * @example
 * const changes: readonly SettingChange[] = (await classify("SET search_path = 't7'")).settings ?? []
 */
export type SettingChange =
  /** `sql` repeats the change on another connection. */
  | { readonly change: 'set'; readonly name: string; readonly sql: string }
  /** Restores the value at the start of the connection. */
  | { readonly change: 'reset'; readonly name: string }
  /** Sets a value that only the server knows. */
  | { readonly change: 'computed'; readonly name: string }
  /** `set_config(name, value, is_local)` */
  | {
      readonly change: 'call'
      readonly name: Argument
      readonly value: Argument
      readonly isLocal: Argument
    }
  /** All but the role. */
  | { readonly change: 'reset-all' }
  /** DISCARD ALL: the connection is as new. */
  | { readonly change: 'discard-all' }
