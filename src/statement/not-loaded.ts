import type { Analysis } from './parser.ts'
import { unknown } from './verdict.ts'

/** The analysis of any text while the parser is not loaded. */
export const notLoaded: Analysis = {
  ...unknown('unparseable'),
  isProvisional: true,
  multiple: false,
  functions: [],
  relations: [],
  operators: [],
  types: [],
}
