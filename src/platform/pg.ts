import type * as Pg from 'pg'
// @ts-expect-error The types of node-postgres do not name this file, which is the module itself.
import untyped from 'pg/lib/index.js'

const pg: typeof Pg = untyped

/**
 * node-postgres, as it is when this file is loaded. Not by way of its ES module: that copies the classes when it is first
 * loaded, and the application must be the first where they are replaced (`register/`).
 */
export const Pool: typeof Pg.Pool = pg.Pool
export const Client: typeof Pg.Client = pg.Client
export const DatabaseError: typeof Pg.DatabaseError = pg.DatabaseError
export const escapeIdentifier: typeof Pg.escapeIdentifier = pg.escapeIdentifier
export const escapeLiteral: typeof Pg.escapeLiteral = pg.escapeLiteral

/** The module object that the application gets by `require('pg')`. */
export const pgModule: typeof Pg = pg
