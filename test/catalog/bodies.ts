/** A function that nobody labelled, what becomes of it, and what a standby answers to a statement that calls it. */
export interface BodyCase {
  readonly title: string
  readonly create: string
  /** As it stands in a text, folded: `name` or `schema.name`. */
  readonly name: string
  readonly verdict: string
  readonly use: string
  /** `ok` or the SQLSTATE. */
  readonly standby: string
}

export const bodiesGroundwork = `
  CREATE SCHEMA app;
  CREATE SCHEMA other;
  CREATE SEQUENCE counter;
  CREATE TABLE plain (id int, note text);
  CREATE VIEW numbers AS SELECT count(*) AS n FROM plain;
  CREATE UNLOGGED TABLE scratch (id int)`

/** Told apart by what they do. */
export const bodies: readonly BodyCase[] = [
  {
    title: 'adds two numbers',
    create: `CREATE FUNCTION adds(x int, y int) RETURNS int LANGUAGE sql AS 'SELECT x + y'`,
    name: 'adds',
    verdict: 'harmless',
    use: 'SELECT adds(1, 2)',
    standby: 'ok',
  },
  {
    title: 'numbered parameters',
    create: `CREATE FUNCTION numbered(int, int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2'`,
    name: 'numbered',
    verdict: 'harmless',
    use: 'SELECT numbered(1)',
    standby: 'ok',
  },
  {
    title: 'polymorphic',
    create: `CREATE FUNCTION poly(x anyelement) RETURNS anyarray LANGUAGE sql AS 'SELECT ARRAY[x, x]'`,
    name: 'poly',
    verdict: 'harmless',
    use: 'SELECT poly(1.5)',
    standby: 'ok',
  },
  {
    title: 'reads a table',
    create: `CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM plain'`,
    name: 'counts',
    verdict: 'harmless',
    use: 'SELECT counts()',
    standby: 'ok',
  },
  {
    title: 'returns rows',
    create: `CREATE FUNCTION rows_of(above int) RETURNS SETOF plain LANGUAGE sql AS 'SELECT * FROM plain WHERE id > above; '`,
    name: 'rows_of',
    verdict: 'harmless',
    use: 'SELECT * FROM rows_of(1)',
    standby: 'ok',
  },
  {
    title: 'runs as its owner',
    create: `CREATE FUNCTION as_owner() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'TABLE numbers'`,
    name: 'as_owner',
    verdict: 'harmless',
    use: 'SELECT as_owner()',
    standby: 'ok',
  },
  {
    title: 'gives nothing, and ends with a query',
    create: `CREATE FUNCTION gives_nothing() RETURNS void LANGUAGE sql AS 'SELECT 1'`,
    name: 'gives_nothing',
    verdict: 'harmless',
    use: 'SELECT gives_nothing()',
    standby: 'ok',
  },
  {
    title: 'several queries',
    create: `CREATE FUNCTION several() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT id FROM plain; VALUES (3)'`,
    name: 'several',
    verdict: 'harmless',
    use: 'SELECT several()',
    standby: 'ok',
  },
  {
    title: 'several statements, one of which writes',
    create: `CREATE FUNCTION several_writing() RETURNS int LANGUAGE sql AS $$SELECT 1; INSERT INTO plain VALUES (1, ''); SELECT 2$$`,
    name: 'several_writing',
    verdict: 'volatile',
    use: 'SELECT several_writing()',
    standby: '25006',
  },
  {
    title: 'calls another without a label',
    create: `CREATE FUNCTION adds_twice(x int) RETURNS int LANGUAGE sql AS 'SELECT adds(adds(x, 1), 1)'`,
    name: 'adds_twice',
    verdict: 'harmless',
    use: 'SELECT adds_twice(1)',
    standby: 'ok',
  },
  {
    title: 'inserts',
    create: `CREATE FUNCTION inserts() RETURNS void LANGUAGE sql AS $$INSERT INTO plain VALUES (1, '')$$`,
    name: 'inserts',
    verdict: 'volatile',
    use: 'SELECT inserts()',
    standby: '25006',
  },
  {
    title: 'calls what inserts',
    create: `CREATE FUNCTION calls_inserts() RETURNS void LANGUAGE sql AS 'SELECT inserts()'`,
    name: 'calls_inserts',
    verdict: 'volatile',
    use: 'SELECT calls_inserts()',
    standby: '25006',
  },
  {
    title: 'calls nextval',
    create: `CREATE FUNCTION next_one() RETURNS bigint LANGUAGE sql AS $$SELECT nextval('counter')$$`,
    name: 'next_one',
    verdict: 'writes',
    use: 'SELECT next_one()',
    standby: '25006',
  },
  {
    title: 'calls one in PL/pgSQL',
    create: `CREATE FUNCTION pl() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
      CREATE FUNCTION calls_pl() RETURNS int LANGUAGE sql AS 'SELECT pl()'`,
    name: 'calls_pl',
    verdict: 'volatile',
    use: 'SELECT calls_pl()',
    standby: 'ok',
  },
  {
    title: 'calls one in PL/pgSQL that writes',
    create: `CREATE FUNCTION pl_writes() RETURNS int LANGUAGE plpgsql AS
        'BEGIN DELETE FROM plain; RETURN 1; END';
      CREATE FUNCTION calls_pl_writes() RETURNS int LANGUAGE sql AS 'SELECT pl_writes()'`,
    name: 'calls_pl_writes',
    verdict: 'volatile',
    use: 'SELECT calls_pl_writes()',
    standby: '25006',
  },
  {
    title: 'locks rows',
    create: `CREATE FUNCTION locks_rows() RETURNS int LANGUAGE sql AS 'SELECT id FROM plain FOR NO KEY UPDATE'`,
    name: 'locks_rows',
    verdict: 'volatile',
    use: 'SELECT locks_rows()',
    standby: '25006',
  },
  {
    title: 'locks rows without a word that gives it away',
    create: `CREATE FUNCTION shares() RETURNS int LANGUAGE sql AS 'SELECT id FROM plain FOR SHARE'`,
    name: 'shares',
    verdict: 'volatile',
    use: 'SELECT shares()',
    standby: '25006',
  },
  {
    title: 'makes a setting, which the standby takes',
    create: `CREATE FUNCTION sets() RETURNS text LANGUAGE sql AS $$SELECT set_config('app.x', '1', false)$$`,
    name: 'sets',
    verdict: 'volatile',
    use: 'SELECT sets()',
    standby: 'ok',
  },
  {
    title: 'makes a setting by a statement, which the standby takes',
    create: `CREATE FUNCTION sets_plainly() RETURNS int LANGUAGE sql AS 'SET app.x = 1; SELECT 1'`,
    name: 'sets_plainly',
    verdict: 'volatile',
    use: 'SELECT sets_plainly()',
    standby: 'ok',
  },
  {
    title: 'takes an advisory lock, which the standby takes',
    create: `CREATE FUNCTION locks() RETURNS boolean LANGUAGE sql AS 'SELECT pg_try_advisory_xact_lock(1)'`,
    name: 'locks',
    verdict: 'volatile',
    use: 'SELECT locks()',
    standby: 'ok',
  },
  {
    title: 'notifies',
    create: `CREATE FUNCTION tells() RETURNS void LANGUAGE sql AS $$SELECT pg_notify('a', 'b')$$`,
    name: 'tells',
    verdict: 'writes',
    use: 'SELECT tells()',
    standby: '25006',
  },
  {
    title: 'makes a temporary table',
    create: `CREATE FUNCTION makes() RETURNS void LANGUAGE sql AS 'CREATE TEMPORARY TABLE made (id int); SELECT 1'`,
    name: 'makes',
    verdict: 'volatile',
    use: 'SELECT makes()',
    standby: '25006',
  },
  {
    title: 'reads an unlogged table',
    create: `CREATE FUNCTION of_scratch() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM scratch'`,
    name: 'of_scratch',
    verdict: 'writes',
    use: 'SELECT of_scratch()',
    standby: '0A000',
  },
  {
    title: 'an argument whose default is a function that writes, and does not look like it',
    create: `CREATE FUNCTION sly() RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE 'DEL' || 'ETE FROM plain'; RETURN 1; END $$;
      CREATE FUNCTION default_of_sly(x int DEFAULT sly()) RETURNS int LANGUAGE sql AS 'SELECT x'`,
    name: 'default_of_sly',
    verdict: 'volatile',
    use: 'SELECT default_of_sly()',
    standby: '25006',
  },
  {
    title: 'an argument whose default is a function that writes',
    create: `CREATE FUNCTION default_of(x int DEFAULT pl_writes()) RETURNS int LANGUAGE sql AS 'SELECT x'`,
    name: 'default_of',
    verdict: 'volatile',
    use: 'SELECT default_of()',
    standby: '25006',
  },
  {
    title: 'a type whose check is such a function',
    create: `CREATE FUNCTION checks(x int) RETURNS boolean LANGUAGE plpgsql AS
        'BEGIN DELETE FROM plain; RETURN true; END';
      CREATE DOMAIN checked AS int CHECK (checks(VALUE));
      CREATE FUNCTION casts() RETURNS checked LANGUAGE sql AS 'SELECT 1'`,
    name: 'casts',
    verdict: 'volatile',
    use: 'SELECT casts()',
    standby: '25006',
  },
  {
    title: 'a result that is cast by such a function',
    create: `CREATE FUNCTION to_point(json) RETURNS point LANGUAGE plpgsql AS
        'BEGIN DELETE FROM plain; RETURN NULL; END';
      CREATE CAST (json AS point) WITH FUNCTION to_point(json) AS ASSIGNMENT;
      CREATE FUNCTION casts_silently() RETURNS point LANGUAGE sql AS $$SELECT to_json(1)$$`,
    name: 'casts_silently',
    verdict: 'volatile',
    use: 'SELECT casts_silently()',
    standby: '25006',
  },
  {
    title: 'makes settings for itself',
    create: `CREATE FUNCTION configured() RETURNS int SET search_path = app LANGUAGE sql AS 'SELECT 1'`,
    name: 'configured',
    verdict: 'volatile',
    use: 'SELECT configured()',
    standby: 'ok',
  },
  {
    title: 'calls itself',
    create: `CREATE FUNCTION recurs(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
      CREATE OR REPLACE FUNCTION recurs(x int) RETURNS int LANGUAGE sql AS
        'SELECT CASE WHEN x = 0 THEN 0 ELSE recurs(x - 1) END'`,
    name: 'recurs',
    verdict: 'volatile',
    use: 'SELECT recurs(2)',
    standby: 'ok',
  },
  {
    title: 'calls a function as if it were a column',
    create: `CREATE FUNCTION drops(plain) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM plain; RETURN 1; END';
      INSERT INTO plain VALUES (1, '');
      CREATE FUNCTION calls_drops() RETURNS int LANGUAGE sql AS 'SELECT p.drops FROM plain p'`,
    name: 'calls_drops',
    verdict: 'volatile',
    use: 'SELECT calls_drops()',
    standby: '25006',
  },
  {
    title: 'in standard SQL',
    create: 'CREATE FUNCTION standard() RETURNS int BEGIN ATOMIC SELECT 1; END',
    name: 'standard',
    verdict: 'volatile',
    use: 'SELECT standard()',
    standby: 'ok',
  },
  {
    title: 'nothing at all',
    create: `CREATE FUNCTION nothing() RETURNS void LANGUAGE sql AS ''`,
    name: 'nothing',
    verdict: 'volatile',
    use: 'SELECT nothing()',
    standby: 'ok',
  },
  {
    title: 'explains',
    create: `CREATE FUNCTION explains() RETURNS void LANGUAGE sql AS 'EXPLAIN SELECT 1'`,
    name: 'explains',
    verdict: 'volatile',
    use: 'SELECT explains()',
    standby: 'ok',
  },
  {
    title: 'quotes, backslashes and what is no ASCII',
    create: `CREATE FUNCTION quotes() RETURNS text LANGUAGE sql AS $$SELECT 'it''s \\ "' || 'ü☃😀' || E'\\n'$$`,
    name: 'quotes',
    verdict: 'harmless',
    use: 'SELECT quotes()',
    standby: 'ok',
  },
  {
    title: 'seems to write',
    create: `CREATE FUNCTION insists() RETURNS int LANGUAGE sql AS 'SELECT 1 /* no insert */'`,
    name: 'insists',
    verdict: 'volatile',
    use: 'SELECT insists()',
    standby: 'ok',
  },
  {
    title: 'calls what seems to write',
    create: `CREATE FUNCTION asks_insists() RETURNS int LANGUAGE sql AS 'SELECT insists()'`,
    name: 'asks_insists',
    verdict: 'volatile',
    use: 'SELECT asks_insists()',
    standby: 'ok',
  },
  {
    title: 'is longer than 8 kB',
    create: `CREATE FUNCTION long() RETURNS int LANGUAGE sql AS 'SELECT 1${' '.repeat(8_192)}'`,
    name: 'long',
    verdict: 'volatile',
    use: 'SELECT long()',
    standby: 'ok',
  },
]
