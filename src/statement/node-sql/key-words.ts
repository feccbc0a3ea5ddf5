function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''))
}

/**
 * Key words that may stand in a query whose tree the walker understands. PostgreSQL reserves all the others of
 * `reserved`, so they cannot be names. With one of them the tree may not mean what it seems to.
 */
const understood =
  words(`all and any array as asc case cast collate cross current_catalog current_date current_role current_time
  current_timestamp current_user desc distinct else end except false from full group having ilike in inner intersect is
  isnull join lateral left like limit localtime localtimestamp natural not notnull null offset on or order outer right
  select session_user some then true union user using when where with`)

const reserved =
  words(`all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
  collation column concurrently constraint create cross current_catalog current_date current_role current_schema
  current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign
  freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like
  limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
  references returning right select session_user similar some symmetric system_user table tablesample then to trailing
  true union unique user using variadic verbose when where window with`)

/** Not reserved, but with a meaning in a query that the walker does not look for. */
const special =
  words(`cube cursor cycle delete grouping insert json_array json_arrayagg json_exists json_object
  json_objectagg json_query json_scalar json_serialize json_table json_value merge merge_action normalize operator
  overlay position rollup search sets substring treat trim update xmlattributes xmlconcat
  xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`)

/** True for a word that makes the tree of a query unreliable. */
export function isOutOfBounds(word: string): boolean {
  return special.has(word) || (reserved.has(word) && !understood.has(word))
}

/** Words before an opening bracket that call nothing. */
const callsNothing =
  words(`all and any array as by case cast coalesce cross distinct else except exists filter from full
  greatest group having ilike in inner intersect is join lateral least left like limit natural not nullif offset on or
  over partition right row select some then union using values when where with
  bit char character dec decimal float int interval nchar numeric precision time timestamp varchar varying`)

/** True for a word in front of a bracket that calls no function. */
export function isNoCall(word: string): boolean {
  return callsNothing.has(word)
}

/** True for a word that PostgreSQL takes for no name of a function, relation or type. */
export function isReserved(word: string): boolean {
  return reserved.has(word)
}
