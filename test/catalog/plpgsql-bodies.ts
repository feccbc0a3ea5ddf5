/** A function in PL/pgSQL that nobody labelled. */
export interface PlPgSqlCase {
  readonly title: string
  readonly create: string
  readonly name: string
  readonly proven: boolean
  readonly use: string
  /** `ok` or the SQLSTATE. What is proven is `ok`, and the same answer as on the primary. */
  readonly standby: string
}

/** `sly` writes, and its text does not look like it; `calm` does nothing. */
export const plpgsqlGroundwork = `
  CREATE TABLE plain (id int, note text);
  INSERT INTO plain SELECT g, 'note ' || g FROM generate_series(1, 9) g;
  CREATE TABLE sink (id int);
  CREATE TYPE pair AS (x int, y int);
  CREATE DOMAIN small AS int CHECK (VALUE < 100);
  CREATE FUNCTION sly(x int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN EXECUTE 'INS' || 'ERT INTO sink VALUES (1)'; RETURN x; END $$;
  CREATE FUNCTION calm(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN x; END';
  CREATE FUNCTION sly_sum(x int, y int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN EXECUTE 'INS' || 'ERT INTO sink VALUES (1)'; RETURN x + y; END $$;
  CREATE OPERATOR |!| (leftarg = int, rightarg = int, function = sly_sum);
  CREATE FUNCTION sly_of(plain) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN EXECUTE 'INS' || 'ERT INTO sink VALUES (1)'; RETURN 1; END $$;
  CREATE VIEW sly_view AS SELECT sly(1) AS id;
  CREATE UNLOGGED TABLE scratch (id int);
  CREATE FUNCTION is_fine(x int) RETURNS boolean LANGUAGE plpgsql AS
    $$ BEGIN EXECUTE 'INS' || 'ERT INTO sink VALUES (1)'; RETURN true; END $$`

/** Domains whose check writes, with a table of one, which makes polymorphic functions unproven. */
export const checkedGroundwork = `
  CREATE DOMAIN checked AS int CHECK (is_fine(VALUE));
  CREATE TYPE checked_pair AS (x checked, y int);
  CREATE TABLE of_checked (id int, x checked)`

function proven(title: string, name: string, create: string, use = `SELECT ${name}(1)`): PlPgSqlCase {
  return { title, name, create: `CREATE FUNCTION ${name}${create}`, proven: true, use, standby: 'ok' }
}

function unproven(
  title: string,
  name: string,
  create: string,
  standby: string,
  use = `SELECT ${name}(1)`,
): PlPgSqlCase {
  return { title, name, create: `CREATE FUNCTION ${name}${create}`, proven: false, use, standby }
}

const int = (body: string): string => `(a int) RETURNS int LANGUAGE plpgsql AS $f$ ${body} $f$`

export const plpgsqlBodies: readonly PlPgSqlCase[] = [
  proven('does nothing', 'idle', '(a int) RETURNS void LANGUAGE plpgsql AS $$BEGIN END$$'),
  proven(
    'output parameters',
    'outs',
    '(INOUT a int, OUT b text) LANGUAGE plpgsql AS $$ BEGIN a := a + 1; b := a; END $$',
  ),
  proven(
    'returns a table',
    'tabled',
    '(a int) RETURNS TABLE (x int, y text) LANGUAGE plpgsql AS $$ BEGIN x := a; RETURN NEXT; RETURN QUERY SELECT * FROM plain; END $$',
    'SELECT * FROM tabled(1)',
  ),
  proven(
    'any number of arguments',
    'many',
    '(VARIADIC a int[]) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN cardinality(a); END $$',
    'SELECT many(1, 2, 3)',
  ),
  proven(
    'names that need quotes, a default, no name',
    '"Odd one"',
    `("select" int, "A b" text DEFAULT 'x$body$', int DEFAULT 3) RETURNS text LANGUAGE plpgsql AS
      $f$ BEGIN RETURN "A b" || "select" || $3 || $body$ $body_$ $body$ || '$$'; END $f$`,
    'SELECT "Odd one"(1)',
  ),
  proven(
    'a body that ends like its quote begins',
    'ends_oddly',
    '(a int) RETURNS int LANGUAGE plpgsql AS $f$BEGIN RETURN a; END --$body$f$',
  ),
  proven(
    'polymorphic',
    'poly',
    '(a anyelement, OUT b anyelement, OUT c anyarray) LANGUAGE plpgsql AS $$ BEGIN b := a; c := ARRAY[a, b]; END $$',
    'SELECT poly(1.5)',
  ),
  proven(
    'types of columns, rows and variables',
    'typed',
    int(
      'DECLARE x plain.id%TYPE := a; y x%TYPE := x; r plain%ROWTYPE; s public.plain.note%TYPE; t small; u small[]; v pair; BEGIN SELECT * INTO r FROM plain WHERE id = a; t := a; u[1] := t; RETURN r.id + y + u[1]; END',
    ),
  ),
  proven(
    'an alias, a label, a constant',
    'aliased',
    int(
      '<<outside>> DECLARE b ALIAS FOR $1; c CONSTANT int := b; BEGIN aliased.a := outside.c + aliased.a; RETURN b; END',
    ),
  ),
  proven(
    'which was found',
    'finds',
    int('BEGIN PERFORM FROM plain WHERE id = a; RETURN CASE WHEN found THEN 1 END; END'),
  ),
  proven(
    'diagnostics',
    'diagnoses',
    `(a int) RETURNS text LANGUAGE plpgsql AS $f$
      DECLARE n bigint; t text; BEGIN
        PERFORM FROM plain; GET DIAGNOSTICS n = ROW_COUNT; a := a / 0;
      EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS t = MESSAGE_TEXT; RETURN n || t || SQLSTATE || SQLERRM;
      END $f$`,
  ),
  proven(
    'two hundred subtransactions',
    'nests',
    int(
      'DECLARE x int; BEGIN FOR i IN 1..200 LOOP BEGIN SELECT id INTO STRICT x FROM plain WHERE id = i; EXCEPTION WHEN no_data_found THEN a := a + 1; END; END LOOP; RETURN a; END',
    ),
  ),
  proven(
    'an exception that is raised again',
    'reraises',
    int(
      "BEGIN BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '22012'; EXCEPTION WHEN OTHERS THEN RAISE; END; EXCEPTION WHEN division_by_zero THEN RETURN 7; END",
    ),
  ),
  proven(
    'options of the compiler',
    'optioned',
    '(a int) RETURNS int LANGUAGE plpgsql AS $$ #variable_conflict use_column\nDECLARE b int = a; BEGIN RETURN b; END $$',
  ),
  proven(
    'runs as its owner, and not for NULL',
    'owned',
    '(a int) RETURNS bigint STRICT SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM plain); END $$',
  ),
  proven(
    'in the other language, by a function in this one, and back',
    'there_and_back',
    int('BEGIN RETURN half_way(a); END').concat(
      "; CREATE FUNCTION half_way(a int) RETURNS int LANGUAGE sql AS 'SELECT calm(a)'",
    ),
  ),
  proven(
    'strings',
    'strings',
    String.raw`(a int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN '\' || 'it''s; := ü☃😀' || E'\n'; END $$`,
  ),
  proven(
    'a record',
    'recorded',
    '(a int) RETURNS record LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN r := ROW(a, 2); RETURN r; END $$',
  ),

  unproven(
    'EXECUTE',
    'executes',
    int(`BEGIN EXECUTE 'INS' || 'ERT INTO sink VALUES (1)'; RETURN 1; END`),
    '25006',
  ),
  unproven(
    'RETURN QUERY EXECUTE',
    'returns_executed',
    `(a int) RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'SELECT sly($1)' USING a; END $$`,
    '25006',
  ),
  unproven(
    'FOR over EXECUTE',
    'loops_executed',
    int(`BEGIN FOR a IN EXECUTE 'SELECT sly(1)' LOOP END LOOP; RETURN 1; END`),
    '25006',
  ),
  unproven(
    'OPEN FOR EXECUTE',
    'opens_executed',
    int(`DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'SELECT sly(1)'; FETCH c INTO a; RETURN a; END`),
    '25006',
  ),
  unproven(
    'EXECUTE of a read',
    'reads_executed',
    int(`BEGIN EXECUTE 'SELECT 1' INTO a; RETURN a; END`),
    'ok',
  ),
  unproven('a write', 'inserts', int('BEGIN INSERT INTO sink VALUES (a); RETURN 1; END'), '25006'),
  unproven('a lock on rows', 'shares', int('BEGIN PERFORM FROM plain FOR SHARE; RETURN 1; END'), '25006'),
  unproven(
    'a cursor that locks rows',
    'shares_by_cursor',
    int(
      'DECLARE c CURSOR FOR SELECT id FROM plain FOR KEY SHARE; BEGIN FOR r IN c LOOP END LOOP; RETURN 1; END',
    ),
    '25006',
  ),
  unproven('a view that writes', 'views', int('BEGIN RETURN (SELECT id FROM sly_view); END'), '25006'),
  unproven(
    'an unlogged table',
    'scratches',
    int('BEGIN RETURN (SELECT count(*) FROM scratch); END'),
    '0A000',
  ),
  unproven(
    'an operator that writes',
    'operates',
    int('BEGIN IF a |!| 1 = 2 THEN RETURN 1; END IF; RETURN 2; END'),
    '25006',
  ),
  unproven(
    'a field that is a function',
    'fields',
    int('BEGIN RETURN (SELECT p.sly_of FROM plain p LIMIT 1); END'),
    '25006',
  ),
  unproven(
    'a refusal that is hidden, so that the standby answers something else',
    'hides',
    int('BEGIN RETURN sly(a); EXCEPTION WHEN OTHERS THEN RETURN -1; END'),
    'ok',
  ),
  unproven(
    'CALL',
    'calls',
    int('BEGIN CALL writes_on_call(); RETURN 1; END').concat(
      `; CREATE PROCEDURE writes_on_call() LANGUAGE plpgsql AS $$ BEGIN PERFORM sly(1); END $$`,
    ),
    '25006',
  ),
  unproven('COMMIT', 'commits', int('BEGIN COMMIT; RETURN 1; END'), '2D000'),
  unproven('a setting', 'sets', int('BEGIN SET app.x = 1; RETURN 1; END'), 'ok'),
  unproven(
    'a lock that the standby takes',
    'advises',
    int('BEGIN PERFORM pg_advisory_xact_lock(1); RETURN 1; END'),
    'ok',
  ),
  unproven('LISTEN', 'listens', int('BEGIN LISTEN a; RETURN 1; END'), '25006'),
  unproven(
    'EXPLAIN',
    'explains',
    int('DECLARE r record; BEGIN FOR r IN EXPLAIN SELECT 1 LOOP END LOOP; RETURN 1; END'),
    'ok',
  ),
  unproven(
    'a cursor that stays open',
    'opens',
    '(a int) RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor; BEGIN OPEN c FOR SELECT 1; RETURN c; END $$',
    'ok',
  ),
  unproven(
    'a cursor that somebody else made',
    'fetches',
    `(c refcursor) RETURNS int LANGUAGE plpgsql AS $$ DECLARE a int; BEGIN FETCH c INTO a; RETURN a; END $$`,
    '25006',
    `DECLARE made CURSOR FOR SELECT sly(1); SELECT fetches('made')`,
  ),
  unproven(
    'a variable whose type checks',
    'checks',
    int('DECLARE x checked; BEGIN x := a; RETURN x; END'),
    '25006',
  ),
  unproven(
    'a list of such a type',
    'checks_list',
    int('DECLARE x checked[]; BEGIN x[1] := a; RETURN 1; END'),
    '25006',
  ),
  unproven(
    'a row of such a type',
    'checks_row',
    int('DECLARE x checked_pair; BEGIN x.x := a; RETURN 1; END'),
    '25006',
  ),
  unproven(
    'the type of a column that checks',
    'checks_column',
    int('DECLARE x of_checked.x%TYPE; BEGIN SELECT a INTO x; RETURN 1; END'),
    '25006',
  ),
  unproven(
    'a row with a column that checks',
    'checks_table',
    int('DECLARE r of_checked; BEGIN SELECT a, a INTO r; RETURN 1; END'),
    '25006',
  ),
  unproven(
    'a field of a record that checks',
    'checks_record',
    int('DECLARE r record; BEGIN SELECT * INTO r FROM of_checked; r.x := a; RETURN 1; END'),
    '25006',
  ),
  unproven(
    'a field of a record that checks, its type in other words',
    'checks_any_record',
    int('DECLARE r pg_catalog."record"; BEGIN SELECT * INTO r FROM of_checked; r.x := a; RETURN 1; END'),
    '25006',
  ),
  unproven(
    'an argument of such a type',
    'checks_argument',
    '(a checked) RETURNS int LANGUAGE plpgsql AS $$ BEGIN a := 2; RETURN a; END $$',
    '25006',
  ),
  unproven(
    'a result of such a type',
    'checks_result',
    '(a int) RETURNS checked LANGUAGE plpgsql AS $$ BEGIN RETURN a; END $$',
    '25006',
  ),
  unproven(
    'an output of such a type',
    'checks_output',
    '(a int, OUT b checked, OUT c int) LANGUAGE plpgsql AS $$ BEGIN b := a; END $$',
    '25006',
  ),
  unproven(
    'a list of results of such a type',
    'checks_results',
    '(a int) RETURNS SETOF checked LANGUAGE plpgsql AS $$ BEGIN RETURN NEXT a; END $$',
    '25006',
  ),
  unproven(
    'makes settings for itself',
    'configured',
    int('BEGIN RETURN a; END').replace('LANGUAGE', 'SET search_path = public LANGUAGE'),
    'ok',
  ),
  unproven(
    'calls itself',
    'recurs',
    int('BEGIN IF a = 0 THEN RETURN 0; END IF; RETURN recurs(a - 1); END'),
    'ok',
  ),
  unproven('is longer than 8 kB', 'long', int(`BEGIN RETURN a; ${' '.repeat(8_192)} END`), 'ok'),
]

/** What makes nothing in PL/pgSQL provable, or nothing polymorphic: silent casts. */
export const silentCasts: readonly {
  readonly title: string
  readonly create: string
  readonly keeps: readonly string[]
}[] = [
  { title: 'nothing', create: 'SELECT 1', keeps: ['calm', 'poly'] },
  {
    title: 'a domain that checks',
    create: 'CREATE DOMAIN d AS int CHECK (is_fine(VALUE))',
    keeps: ['calm', 'poly'],
  },
  {
    title: 'a column of a domain that checks',
    create: 'CREATE DOMAIN d AS int CHECK (is_fine(VALUE)); CREATE TABLE t (x d)',
    keeps: ['calm'],
  },
  {
    title: "a cast between the system's types",
    create: `CREATE FUNCTION to_point(json) RETURNS point LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE 'INS' || 'ERT INTO sink VALUES (1)'; RETURN NULL; END $$;
      CREATE CAST (json AS point) WITH FUNCTION to_point(json) AS ASSIGNMENT`,
    keeps: [],
  },
  {
    title: 'a cast from a type',
    create: `CREATE FUNCTION to_int(pair) RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE 'INS' || 'ERT INTO sink VALUES (1)'; RETURN 1; END $$;
      CREATE CAST (pair AS int) WITH FUNCTION to_int(pair) AS ASSIGNMENT`,
    keeps: [],
  },
]
