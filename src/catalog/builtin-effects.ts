import { immutableNames } from './builtin-immutable.ts'
import { builtinFunction } from './builtin-functions.ts'
import { builtinType } from './builtin-types.ts'
import { stableNames } from './builtin-stable.ts'
import { decided } from './decided.ts'
import { WordSet } from './words.ts'

/** Relations that a call of a built-in function touches besides its arguments. */
export type BuiltinEffect =
  /** No relation. */
  | 'none'
  | 'shows-large-objects'
  | 'changes-large-objects'
  /** Changes nothing, but may depend on anything. */
  | 'shows-everything'
  | 'everything'

/**
 * Functions of `pg_catalog` that are not immutable, but depend only on their arguments, settings, the clock, chance and
 * the schema. A change of the schema changes everything. The text that calls `nextval` and `setval` shows what they
 * change. Names are exact, so functions of newer servers are not included.
 */
export const pureNames: string = `
  nextval setval
  random random_normal array_sample array_shuffle gen_random_uuid uuidv4 uuidv7 clock_timestamp timeofday pg_sleep
  pg_sleep_for pg_sleep_until bernoulli system current_query current_setting set_config
  age anyarray_out anyarray_send anycompatiblearray_out anycompatiblearray_send anycompatiblemultirange_in
  anycompatiblemultirange_out anycompatiblerange_in anycompatiblerange_out anyenum_out anymultirange_in anymultirange_out
  anyrange_in anyrange_out anytextcat array_out array_send array_to_json array_to_string bpcharsend cash_in
  cash_out concat concat_ws convert convert_from convert_to cstring_send current_database current_schema current_schemas
  current_user date date_add date_cmp_timestamptz date_eq_timestamptz date_ge_timestamptz date_gt_timestamptz date_in
  date_le_timestamptz date_lt_timestamptz date_ne_timestamptz date_out date_part date_subtract date_trunc
  enum_first enum_in enum_last enum_out enum_range enum_send extract format generate_series get_current_ts_config
  getdatabaseencoding getpgusername in_range interval_in interval_out interval_pl_timestamptz json_agg json_agg_strict
  json_build_array json_build_object json_object_agg json_object_agg_strict json_object_agg_unique
  json_object_agg_unique_strict json_populate_record json_populate_recordset json_to_record json_to_recordset
  json_to_tsvector jsonb_agg jsonb_agg_strict jsonb_build_array jsonb_build_object jsonb_path_exists_tz jsonb_path_match_tz
  jsonb_path_query_array_tz jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record
  jsonb_populate_record_valid jsonb_populate_recordset jsonb_to_record jsonb_to_recordset jsonb_to_tsvector length
  make_timestamptz money multirange_out multirange_send namesend now numeric overlaps pg_client_encoding
  pg_column_size pg_trigger_depth pg_typeof phraseto_tsquery plainto_tsquery quote_literal quote_nullable range_out
  range_send record_out record_send row_to_json session_user statement_timestamp system_user text textanycat
  textsend time time_in timestamp timestamp_cmp_timestamptz timestamp_eq_timestamptz timestamp_ge_timestamptz
  timestamp_gt_timestamptz timestamp_in timestamp_le_timestamptz timestamp_lt_timestamptz timestamp_ne_timestamptz
  timestamp_out timestamptz timestamptz_cmp_date timestamptz_cmp_timestamp timestamptz_eq_date timestamptz_eq_timestamp
  timestamptz_ge_date timestamptz_ge_timestamp timestamptz_gt_date timestamptz_gt_timestamp timestamptz_in
  timestamptz_le_date timestamptz_le_timestamp timestamptz_lt_date timestamptz_lt_timestamp timestamptz_mi_interval
  timestamptz_ne_date timestamptz_ne_timestamp timestamptz_out timestamptz_pl_interval timetz timetz_in timezone to_char
  to_date to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector transaction_timestamp ts_headline ts_match_tq
  ts_match_tt ts_parse ts_token_type varcharsend version websearch_to_tsquery xml xml_in xml_is_well_formed xml_send
`

/**
 * Functions that read values of a type that they are given as a number, and run the checks of its domains. Stored
 * expressions call them only where a statement did; the types of users have them as their input functions.
 */
export const inputNames = 'array_in domain_in record_in range_in multirange_in'

const pure = new WordSet(pureNames)
const immutable = new WordSet(immutableNames)
const isStable = new WordSet(stableNames)
const changingLargeObjects = new WordSet('lo_create lo_creat lo_from_bytea lo_put lo_unlink')

/** Returns the effect of a function of `pg_catalog`. `undefined` for an unknown name. */
export function builtinEffect(name: string): BuiltinEffect | undefined {
  if (pure.has(name)) return 'none'
  if (name === 'lo_get') return 'shows-large-objects'
  if (changingLargeObjects.has(name)) return 'changes-large-objects'
  if (immutable.has(name) && decided(name) === undefined) return 'none'
  // Calling a type's name like a function is a cast.
  const called = { schema: 'pg_catalog', name }
  if (!isStable.has(name) && decided(name) === undefined && builtinType(called)) return 'none'
  const verdict = builtinFunction(called)
  if (verdict === undefined) return undefined
  return verdict === 'harmless' || verdict === 'node-local' ? 'shows-everything' : 'everything'
}
