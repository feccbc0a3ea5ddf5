import type pg from 'pg'
import type { ClientConfig } from 'pg'
// @ts-expect-error The types of node-postgres do not name this file.
import untypedParameters from 'pg/lib/connection-parameters.js'
// @ts-expect-error Nor this one, which is the module itself.
import untyped from 'pg/lib/index.js'

/**
 * node-postgres, as the application gets it by `require('pg')`. Its ES module is avoided: that copies the classes when
 * it is first loaded, which must not happen before `register/` has replaced them.
 */
export const pgModule: typeof pg = untyped

// The classes before `register/` replaces them.
export const Client: typeof pg.Client = pgModule.Client
export const DatabaseError: typeof pg.DatabaseError = pgModule.DatabaseError

/** Fills in the defaults of a configuration as node-postgres does. */
export const ConnectionParameters: new (config: ClientConfig) => {
  readonly user?: string
  readonly database?: string
  readonly options?: string
} = untypedParameters
