/** A constant of the text, or one of its parameters, `$1` being number 1. */
export type Argument = { readonly text: string | null } | { readonly parameter: number }

/** What a statement does to a setting of its session. Names are in small letters, as PostgreSQL compares them. */
export type SettingChange =
  /** `sql` does it again, on any connection. */
  | { readonly change: 'set'; readonly name: string; readonly sql: string }
  /** Back to what the connection began with. */
  | { readonly change: 'reset'; readonly name: string }
  /** To a value that only the server knows. */
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
