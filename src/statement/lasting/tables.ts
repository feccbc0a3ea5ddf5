/** Types whose literals mean the same at any time and under any settings, as the parser writes them. */
export const PLAIN_TYPES: ReadonlySet<string> = new Set([
  'int2',
  'int4',
  'int8',
  'numeric',
  'bool',
  'text',
  'varchar',
  'bpchar',
  'uuid',
])

/** Operators that give a literal on one side the type of the other side, if that is a plain one. */
export const SAME_TYPE_OPERATORS: ReadonlySet<string> = new Set([
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  '~~',
  '!~~',
  '~~*',
  '!~~*',
  '~',
  '!~',
  '~*',
  '!~*',
  '||',
  '+',
  '-',
  '*',
  '/',
  '%',
])

/** Of these, the ones that take two literals for texts. */
export const TEXT_OPERATORS: ReadonlySet<string> = new Set([
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  '~~',
  '!~~',
  '~~*',
  '!~~*',
  '~',
  '!~',
  '~*',
  '!~*',
  '||',
])

/** Operators that take a literal on their right for a text, whatever stands on their left. */
export const TEXT_RIGHT_OPERATORS: ReadonlySet<string> = new Set(['->', '->>', '?'])

/** Operators whose result is a text, whatever they are applied to. */
export const PLAIN_RESULT_OPERATORS: ReadonlySet<string> = new Set(['->>', '#>>'])

/** PostgreSQL's own functions whose arguments are of one type, which may be a plain one or another. */
export const COMMON_ARGUMENTS: ReadonlySet<string> = new Set([
  'btrim',
  'ltrim',
  'position',
  'rtrim',
  'string_agg',
])

/** Names that PostgreSQL gives to columns by itself, but those of functions and types. */
export const IMPLIED_NAMES: readonly string[] = [
  '?column?',
  'array',
  'case',
  'coalesce',
  'current_catalog',
  'current_date',
  'current_role',
  'current_schema',
  'current_time',
  'current_timestamp',
  'current_user',
  'exists',
  'greatest',
  'grouping',
  'least',
  'localtime',
  'localtimestamp',
  'nullif',
  'row',
  'session_user',
  'user',
]

/**
 * Which arguments of PostgreSQL's own functions are texts where they are literals: by their positions, or all of them.
 */
export const TEXT_ARGUMENTS: Readonly<Record<string, readonly number[] | 'all'>> = {
  char_length: 'all',
  character_length: 'all',
  concat: 'all',
  concat_ws: 'all',
  date_part: [0],
  date_trunc: [0, 2],
  decode: 'all',
  encode: [1],
  extract: [0],
  format: 'all',
  initcap: 'all',
  left: [0],
  length: [0],
  like_escape: 'all',
  lower: 'all',
  lpad: [0, 2],
  md5: 'all',
  regexp_replace: [0, 1, 2],
  repeat: [0],
  replace: 'all',
  reverse: 'all',
  right: [0],
  rpad: [0, 2],
  similar_to_escape: 'all',
  split_part: [0, 1],
  starts_with: 'all',
  strpos: 'all',
  substr: [0],
  substring: 'all',
  timezone: [0],
  to_char: [1],
  translate: 'all',
  upper: 'all',
}

/** PostgreSQL's own functions whose result is a text, an integer or a boolean, whatever they are applied to. */
export const PLAIN_RESULT_FUNCTIONS: ReadonlySet<string> = new Set([
  'char_length',
  'character_length',
  'concat',
  'concat_ws',
  'count',
  'format',
  'length',
  'like_escape',
  'md5',
  'replace',
  'similar_to_escape',
  'split_part',
  'starts_with',
  'strpos',
  'to_char',
  'translate',
])

/** PostgreSQL's own functions whose result is a plain type if their first argument is one. */
export const SAME_RESULT_FUNCTIONS: ReadonlySet<string> = new Set([
  'abs',
  'btrim',
  'left',
  'lower',
  'ltrim',
  'max',
  'min',
  'right',
  'rtrim',
  'substr',
  'sum',
  'upper',
])

/** Nodes whose constants are worked out by `xmloption`, or by rules of SQL/JSON. */
export const XML_OR_JSON: ReadonlySet<string> = new Set([
  'XmlExpr',
  'XmlSerialize',
  'RangeTableFunc',
  'JsonFuncExpr',
  'JsonTable',
  'JsonParseExpr',
  'JsonScalarExpr',
  'JsonSerializeExpr',
  'JsonObjectConstructor',
  'JsonArrayConstructor',
  'JsonArrayQueryConstructor',
  'JsonObjectAgg',
  'JsonArrayAgg',
])
