/** One thing in a database, and what is expected of it. */
export interface ObjectCase {
  /** What is particular about it. */
  readonly title: string
  readonly create: string
  readonly object: 'function' | 'relation' | 'operator' | 'type'
  /** As it stands in a text, folded: `name` or `schema.name`. */
  readonly name: string
  readonly verdict: string
  /** A statement that uses it, and what a standby answers to it: `ok` or the SQLSTATE. */
  readonly use: string
  readonly standby: string
  /** The first major version of PostgreSQL that has it. */
  readonly since?: number
}

/** Needed by several of the cases. */
export const groundwork = `
  CREATE EXTENSION file_fdw;
  CREATE EXTENSION dblink;
  CREATE EXTENSION pgcrypto;
  CREATE EXTENSION tablefunc;
  CREATE SCHEMA app;
  CREATE SCHEMA other;
  CREATE SEQUENCE counter;
  CREATE TABLE plain (id int, note text);
  CREATE UNLOGGED TABLE scratch (id int);
  CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
  -- Not labelled, as most functions out there.
  CREATE FUNCTION writes_a_row(x anyelement) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO plain VALUES (1, ''); RETURN true; END $$;
  CREATE DOMAIN noisy_number AS int CHECK (writes_a_row(VALUE));
  CREATE FUNCTION only_adds(x int, y int) RETURNS int LANGUAGE sql AS 'SELECT x + y';
`

export const functions: readonly ObjectCase[] = [
  {
    title: 'labelled stable',
    create: `CREATE FUNCTION s1() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM plain'`,
    object: 'function',
    name: 's1',
    verdict: 'harmless',
    use: 'SELECT s1()',
    standby: 'ok',
  },
  {
    title: 'labelled immutable, in a schema',
    create: `CREATE FUNCTION app.i1(x int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN x; END'`,
    object: 'function',
    name: 'app.i1',
    verdict: 'harmless',
    use: 'SELECT app.i1(1)',
    standby: 'ok',
  },
  {
    title: 'not labelled, and writing',
    create: '',
    object: 'function',
    name: 'writes_a_row',
    verdict: 'volatile',
    use: 'SELECT writes_a_row(1)',
    standby: '25006',
  },
  {
    title: 'not labelled, and harmless: who knows?',
    create: '',
    object: 'function',
    name: 'only_adds',
    verdict: 'volatile',
    use: 'SELECT only_adds(1, 2)',
    standby: 'ok',
  },
  {
    title: 'two overloads, one of them volatile',
    create: `CREATE FUNCTION two(x int) RETURNS int STABLE LANGUAGE sql AS 'SELECT x';
      CREATE FUNCTION two(x text) RETURNS bigint LANGUAGE sql AS $$SELECT nextval('counter')$$`,
    object: 'function',
    name: 'two',
    verdict: 'writes',
    use: `SELECT two('a'::text)`,
    standby: '25006',
  },
  {
    title: 'a name that another schema has for a volatile one: unqualified',
    create: `CREATE FUNCTION app.twice() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION other.twice() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM plain; RETURN 1; END'`,
    object: 'function',
    name: 'twice',
    verdict: 'volatile',
    use: 'SELECT other.twice()',
    standby: '25006',
  },
  {
    title: 'a name that another schema has for a volatile one: qualified',
    create: '',
    object: 'function',
    name: 'app.twice',
    verdict: 'harmless',
    use: 'SELECT app.twice()',
    standby: 'ok',
  },
  {
    title: 'a label that lies: the body calls nextval',
    create: `CREATE FUNCTION lies() RETURNS bigint STABLE LANGUAGE plpgsql AS
      $$ BEGIN RETURN nextval('counter'); END $$`,
    object: 'function',
    name: 'lies',
    verdict: 'writes',
    use: 'SELECT lies()',
    standby: '25006',
  },
  {
    title: 'a label that lies, unnoticed by the standby: an advisory lock',
    create: `CREATE FUNCTION locks() RETURNS boolean STABLE LANGUAGE plpgsql AS
      $$ BEGIN RETURN PG_Try_Advisory_Lock (7); END $$`,
    object: 'function',
    name: 'locks',
    verdict: 'session',
    use: 'SELECT locks()',
    standby: 'ok',
  },
  {
    title: 'a label that lies two calls away',
    create: `CREATE FUNCTION helper() RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN RETURN pg_try_advisory_lock(8); END $$;
      CREATE FUNCTION calls_helper() RETURNS boolean STABLE LANGUAGE sql AS 'SELECT public.helper()'`,
    object: 'function',
    name: 'calls_helper',
    verdict: 'session',
    use: 'SELECT calls_helper()',
    standby: 'ok',
  },
  {
    title: 'volatile and telling of its node: it may still change data',
    create: `CREATE FUNCTION audits() RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO plain VALUES (pg_backend_pid(), ''); RETURN 1; END $$`,
    object: 'function',
    name: 'audits',
    verdict: 'volatile',
    use: 'SELECT audits()',
    standby: '25006',
  },
  {
    title: 'stable, reading a node-local view',
    create: `CREATE FUNCTION who() RETURNS bigint STABLE LANGUAGE plpgsql AS
      'BEGIN RETURN (SELECT count(*) FROM pg_stat_activity); END'`,
    object: 'function',
    name: 'who',
    verdict: 'node-local',
    use: 'SELECT who()',
    standby: 'ok',
  },
  {
    title: 'stable, calling what merely has no label: its own label counts',
    create: `CREATE FUNCTION adds_more(x int) RETURNS int STABLE LANGUAGE plpgsql AS
      'BEGIN RETURN only_adds(x, 1); END'`,
    object: 'function',
    name: 'adds_more',
    verdict: 'harmless',
    use: 'SELECT adds_more(1)',
    standby: 'ok',
  },
  {
    title: 'stable, calling one without a label that seems to write',
    create: `CREATE FUNCTION s_calls_writer() RETURNS boolean STABLE LANGUAGE sql AS 'SELECT writes_a_row(1)'`,
    object: 'function',
    name: 's_calls_writer',
    verdict: 'volatile',
    use: 'SELECT s_calls_writer()',
    standby: '25006',
  },
  {
    title: 'stable, calling one without a label that writes in standard SQL',
    create: `CREATE FUNCTION std_writes() RETURNS int LANGUAGE sql
        BEGIN ATOMIC INSERT INTO plain VALUES (1, '') RETURNING id; END;
      CREATE FUNCTION s_calls_std() RETURNS int STABLE LANGUAGE plpgsql AS 'BEGIN RETURN std_writes(); END'`,
    object: 'function',
    name: 's_calls_std',
    verdict: 'volatile',
    use: 'SELECT s_calls_std()',
    standby: '25006',
  },
  {
    title: 'stable, reading an unlogged table behind a comma',
    create: `CREATE FUNCTION s_comma() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM plain, scratch'`,
    object: 'function',
    name: 's_comma',
    verdict: 'writes',
    use: 'SELECT s_comma()',
    standby: '0A000',
  },
  {
    title: 'a label that lies behind a comment',
    create: `CREATE FUNCTION s_comment() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT nextval /* why */ (''counter'')'`,
    object: 'function',
    name: 's_comment',
    verdict: 'writes',
    use: 'SELECT s_comment()',
    standby: '25006',
  },
  {
    title: 'immutable, declaring a variable of a domain whose check writes',
    create: `CREATE FUNCTION i_domain() RETURNS int IMMUTABLE LANGUAGE plpgsql AS
      'DECLARE x noisy_number := 1; BEGIN RETURN x; END'`,
    object: 'function',
    name: 'i_domain',
    verdict: 'volatile',
    use: 'SELECT i_domain()',
    standby: '25006',
  },
  {
    title: 'stable, reading a setting',
    create: `CREATE FUNCTION tenant() RETURNS text STABLE LANGUAGE sql AS $$SELECT current_setting('app.tenant', true)$$`,
    object: 'function',
    name: 'tenant',
    verdict: 'harmless',
    use: 'SELECT tenant()',
    standby: 'ok',
  },
  {
    title: 'a body in standard SQL that calls nextval',
    create: `CREATE FUNCTION atomic() RETURNS bigint STABLE BEGIN ATOMIC SELECT nextval('counter'); END`,
    object: 'function',
    name: 'atomic',
    verdict: 'writes',
    use: 'SELECT atomic()',
    standby: '25006',
  },
  {
    title: 'a body in standard SQL that reads an unlogged table',
    create: `CREATE FUNCTION atomic_scratch() RETURNS bigint STABLE BEGIN ATOMIC SELECT count(*) FROM scratch; END`,
    object: 'function',
    name: 'atomic_scratch',
    verdict: 'writes',
    use: 'SELECT atomic_scratch()',
    standby: '0A000',
  },
  {
    title: 'a body in standard SQL that calls a function without a label',
    create: `CREATE FUNCTION atomic_adds() RETURNS int STABLE BEGIN ATOMIC SELECT only_adds(1, 2); END`,
    object: 'function',
    name: 'atomic_adds',
    verdict: 'volatile',
    use: 'SELECT atomic_adds()',
    standby: 'ok',
  },
  {
    title: 'an argument whose default calls nextval',
    create: `CREATE FUNCTION numbered(x bigint DEFAULT nextval('counter')) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT x'`,
    object: 'function',
    name: 'numbered',
    verdict: 'writes',
    use: 'SELECT numbered()',
    standby: '25006',
  },
  {
    title: 'in an untrusted language, whatever its label',
    create: `CREATE LANGUAGE plunsafe HANDLER plpgsql_call_handler;
      CREATE FUNCTION outside() RETURNS int IMMUTABLE LANGUAGE plunsafe AS 'BEGIN RETURN 1; END'`,
    object: 'function',
    name: 'outside',
    verdict: 'external',
    use: 'SELECT outside()',
    standby: 'ok',
  },
  {
    title: 'of dblink',
    create: '',
    object: 'function',
    name: 'dblink_get_connections',
    verdict: 'external',
    use: 'SELECT dblink_get_connections()',
    standby: 'ok',
  },
  {
    title: 'stable, calling dblink',
    create: `CREATE FUNCTION remote() RETURNS text STABLE LANGUAGE plpgsql AS
      $$ BEGIN RETURN dblink_error_message('nobody'); EXCEPTION WHEN OTHERS THEN RETURN ''; END $$`,
    object: 'function',
    name: 'remote',
    verdict: 'external',
    use: 'SELECT remote()',
    standby: 'ok',
  },
  {
    title: 'volatile, of an extension that is known to be harmless',
    create: '',
    object: 'function',
    name: 'gen_salt',
    verdict: 'harmless',
    use: `SELECT gen_salt('md5')`,
    standby: 'ok',
  },
  {
    title: 'stable, running the text it is given',
    create: '',
    object: 'function',
    name: 'crosstab',
    verdict: 'volatile',
    use: `SELECT * FROM crosstab($$SELECT nextval('counter')::text, 'a'::text, 'b'::text$$) AS t (k text, v text)`,
    standby: '25006',
  },
  {
    title: 'stable, running a text through a function of the system that is only labelled volatile',
    create: `CREATE FUNCTION runs_text() RETURNS bigint STABLE LANGUAGE sql AS
      $$SELECT count(*) FROM ts_stat('SELECT to_tsvector(nex' || 'tval(''counter'')::text)')$$`,
    object: 'function',
    name: 'runs_text',
    verdict: 'volatile',
    use: 'SELECT runs_text()',
    standby: '25006',
  },
  {
    title: 'stable, reading a column with the name of a trigger function that writes',
    create: `CREATE FUNCTION noted_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE plain SET id = 1; RETURN NEW; END';
      CREATE TABLE notes (noted_at timestamptz);
      CREATE FUNCTION last_note() RETURNS timestamptz STABLE LANGUAGE sql AS 'SELECT max(noted_at) FROM notes'`,
    object: 'function',
    name: 'last_note',
    verdict: 'harmless',
    use: 'SELECT last_note()',
    standby: 'ok',
  },
  {
    title: 'an aggregate whose transition function writes',
    create: `CREATE FUNCTION step(state int, x int) RETURNS int LANGUAGE plpgsql AS
        'BEGIN DELETE FROM plain; RETURN x; END';
      CREATE AGGREGATE last_one(int) (SFUNC = step, STYPE = int)`,
    object: 'function',
    name: 'last_one',
    verdict: 'volatile',
    use: 'SELECT last_one(x) FROM generate_series(1, 2) x',
    standby: '25006',
  },
  {
    title: 'an aggregate of a harmless function',
    create: `CREATE FUNCTION bigger(a int, b int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT greatest(a, b)';
      CREATE AGGREGATE biggest(int) (SFUNC = bigger, STYPE = int)`,
    object: 'function',
    name: 'biggest',
    verdict: 'harmless',
    use: 'SELECT biggest(x) FROM generate_series(1, 2) x',
    standby: 'ok',
  },
  {
    title: 'a trigger function, which no statement can call',
    create: `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
    object: 'function',
    name: 'touch',
    verdict: 'unknown',
    use: 'SELECT touch()',
    standby: '0A000',
  },
  {
    title: 'a quoted name',
    create: `CREATE FUNCTION app."Do It"() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    object: 'function',
    name: 'app.Do It',
    verdict: 'volatile',
    use: 'SELECT app."Do It"()',
    standby: 'ok',
  },
  {
    title: 'not there',
    create: '',
    object: 'function',
    name: 'nowhere',
    verdict: 'unknown',
    use: 'SELECT nowhere()',
    standby: '42883',
  },
]
