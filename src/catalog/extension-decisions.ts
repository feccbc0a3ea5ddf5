import type { Decision } from './builtin-decisions.ts'

export interface ExtensionDecision extends Decision {
  readonly extension: string
}

/** Functions of well-known extensions whose label does not tell how they behave on a standby. */
export const extensionDecisions: readonly ExtensionDecision[] = [
  { extension: 'dblink', verdict: 'external', because: 'speaks to another database', names: '*' },
  { extension: 'postgres_fdw', verdict: 'external', because: 'speaks to another database', names: '*' },
  {
    extension: 'file_fdw',
    verdict: 'external',
    because: "reads the server's files or runs programs",
    names: '*',
  },
  {
    extension: 'uuid-ossp',
    verdict: 'harmless',
    because: 'gives another value on every call, and touches nothing; volatile',
    names: 'uuid_generate_*',
  },
  {
    extension: 'pgcrypto',
    verdict: 'harmless',
    because: 'gives another value on every call, and touches nothing; volatile',
    names: 'gen_random_bytes gen_random_uuid gen_salt pgp_sym_encrypt* pgp_pub_encrypt*',
  },
  {
    extension: 'tablefunc',
    verdict: 'harmless',
    because: 'gives random numbers; volatile',
    names: 'normal_rand',
  },
  {
    extension: 'tablefunc',
    verdict: 'volatile',
    because: 'runs SQL text that it is given; stable',
    names: 'crosstab* connectby',
  },
  {
    extension: 'xml2',
    verdict: 'volatile',
    because: 'runs SQL text that it is given; stable',
    names: 'xpath_table',
  },
  {
    extension: 'pg_trgm',
    verdict: 'session',
    because: 'reads or changes a setting',
    names: 'show_limit set_limit',
  },
  { extension: 'sslinfo', verdict: 'session', because: 'tells of the connection; stable', names: 'ssl_*' },
  {
    extension: 'pg_stat_statements',
    verdict: 'node-local',
    because: 'every server keeps statistics of its own',
    names: 'pg_stat_statements pg_stat_statements_info',
  },
  {
    extension: 'pg_buffercache',
    verdict: 'node-local',
    because: "looks into the server's own cache",
    names:
      'pg_buffercache_pages pg_buffercache_numa_pages pg_buffercache_summary pg_buffercache_usage_counts',
  },
]

/**
 * Extensions whose functions in C touch only their arguments, settings, chance and the clock. Of functions in SQL and
 * PL/pgSQL the bodies are looked into.
 */
export const computingExtensions: readonly string[] = [
  'bloom',
  'btree_gin',
  'btree_gist',
  'citext',
  'cube',
  'dict_int',
  'earthdistance',
  'fuzzystrmatch',
  'hstore',
  'intarray',
  'isn',
  'ltree',
  'pg_trgm',
  'pgcrypto',
  'seg',
  'tsm_system_rows',
  'tsm_system_time',
  'unaccent',
  'uuid-ossp',
  'vector',
]
