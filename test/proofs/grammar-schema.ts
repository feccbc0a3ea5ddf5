/** What the made-up statements read: things that a standby runs, things that it refuses, and things that lead to those. */
export const grammarSchema: string = `
  CREATE TABLE plain (id int PRIMARY KEY, amount numeric, note text, tags text[], doc jsonb);
  INSERT INTO plain SELECT g, g / 2.0, 'note ' || g, '{a,b}', '{"a": 1}' FROM generate_series(1, 20) g;
  CREATE UNLOGGED TABLE scratch (LIKE plain INCLUDING ALL);
  CREATE TABLE parent (LIKE plain);
  CREATE UNLOGGED TABLE child () INHERITS (parent);
  CREATE SEQUENCE counter;
  CREATE MATERIALIZED VIEW stored AS SELECT * FROM plain;
  CREATE VIEW seen AS SELECT * FROM plain WHERE id > 2;
  CREATE VIEW seen_twice AS SELECT s.* FROM seen s JOIN stored USING (id);
  CREATE VIEW of_scratch AS SELECT * FROM scratch;
  CREATE VIEW counting AS SELECT nextval('counter')::int AS id, amount, note, tags, doc FROM plain;
  CREATE VIEW locking AS SELECT * FROM plain FOR UPDATE;
  CREATE VIEW over_locking AS SELECT * FROM locking WHERE id < 5;

  CREATE FUNCTION unlabelled(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
  CREATE FUNCTION stable_sum(x int) RETURNS int STABLE LANGUAGE sql
    AS 'SELECT x + sum(id)::int FROM plain';
  CREATE FUNCTION immutable_twice(x int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN x * 2; END';
  CREATE FUNCTION inserts(x int) RETURNS int LANGUAGE plpgsql
    AS 'BEGIN INSERT INTO plain VALUES (x) ON CONFLICT DO NOTHING; RETURN x; END';
  CREATE FUNCTION stable_inserts(x int) RETURNS int STABLE LANGUAGE sql AS 'SELECT inserts(x)';
  CREATE FUNCTION immutable_counts(x int) RETURNS int IMMUTABLE LANGUAGE plpgsql
    AS 'BEGIN RETURN x + nextval(''counter''); END';
  CREATE FUNCTION stable_scratch(x int) RETURNS int STABLE LANGUAGE sql
    AS 'SELECT x + count(*)::int FROM plain, scratch';
  CREATE FUNCTION standard_counts(x int) RETURNS int STABLE LANGUAGE sql
    BEGIN ATOMIC SELECT x + nextval('counter')::int; END;
  CREATE FUNCTION rows_of_plain() RETURNS SETOF plain STABLE LANGUAGE sql AS 'SELECT * FROM plain';
  CREATE FUNCTION rows_of_scratch() RETURNS SETOF plain STABLE LANGUAGE sql AS 'TABLE scratch';
  CREATE FUNCTION adds_counting(x int, y int) RETURNS int IMMUTABLE LANGUAGE plpgsql
    AS 'BEGIN RETURN x + y + nextval(''counter''); END';
  CREATE FUNCTION adds(x int, y int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT x + y';
  CREATE FUNCTION next_of(plain) RETURNS int LANGUAGE sql AS 'SELECT nextval(''counter'')::int';
  CREATE AGGREGATE total(int) (sfunc = adds, stype = int, initcond = '0');
  CREATE AGGREGATE total_counting(int) (sfunc = adds_counting, stype = int, initcond = '0');
  CREATE OPERATOR |+| (leftarg = int, rightarg = int, function = adds);
  CREATE OPERATOR |!| (leftarg = int, rightarg = int, function = adds_counting);
  CREATE DOMAIN positive AS int CHECK (VALUE > -1000000);
  CREATE DOMAIN counted AS int CHECK (VALUE < 0 OR nextval('counter') > 0);
  CREATE TYPE pair AS (x counted, y int);

  CREATE FUNCTION pl_reads(x int) RETURNS int LANGUAGE plpgsql AS $$
    DECLARE y positive; r record; BEGIN
      FOR r IN SELECT id FROM plain WHERE id < x LOOP y := r.id; EXIT WHEN y > 3; END LOOP;
      RETURN COALESCE(y, 0) / x;
    EXCEPTION WHEN division_by_zero THEN RETURN 0;
    END $$;
  CREATE FUNCTION pl_calls(x int) RETURNS int LANGUAGE plpgsql AS
    'BEGIN x := pl_reads(x) |+| unlabelled(x); RETURN x; END';
  CREATE FUNCTION pl_executes(x int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN EXECUTE 'SELECT next' || 'val(''counter'')'; RETURN x; END $$;
  CREATE FUNCTION pl_calls_that(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN pl_executes(x); END';
  CREATE FUNCTION pl_begins(x int) RETURNS int LANGUAGE plpgsql AS
    'DECLARE y positive = pl_executes(x); BEGIN RETURN y; END';
  CREATE FUNCTION pl_checks(x int) RETURNS int LANGUAGE plpgsql AS 'DECLARE y counted; BEGIN y := 1; RETURN x; END';
  CREATE FUNCTION pl_operates(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN x |!| 1; END';
  CREATE FUNCTION pl_field(x int) RETURNS int LANGUAGE plpgsql AS
    'BEGIN RETURN (SELECT p.next_of FROM plain p LIMIT 1) + x; END';

  CREATE TABLE guarded (LIKE plain);
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  CREATE POLICY counts ON guarded USING (nextval('counter') > 0);
  INSERT INTO guarded SELECT * FROM plain;
  ANALYZE;
`
