/** A schema in which relations lead to each other in many ways. */
export const footprintSchema: string = `
CREATE SCHEMA app; CREATE SCHEMA tenant_a; CREATE SCHEMA tenant_b;
SET search_path = app;

-- Schemas of tenants
CREATE TABLE tenant_a.things (id int); CREATE TABLE tenant_b.things (id int); CREATE TABLE tenant_b.others (id int);

-- Nothing leads to these.
CREATE TABLE apart (id int PRIMARY KEY, note text);
CREATE TABLE lonely (id int PRIMARY KEY, note text);
CREATE TABLE log (id int, what text);
CREATE TABLE seen (id int, what text);
INSERT INTO apart VALUES (1, 'a'), (2, 'b'); INSERT INTO lonely VALUES (1, 'a'); INSERT INTO seen VALUES (1, 'a');

-- Foreign keys with every action
CREATE TABLE parent (id int PRIMARY KEY, note text);
CREATE TABLE by_cascade (id int PRIMARY KEY, up int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE by_null (id int, up int REFERENCES parent ON DELETE SET NULL ON UPDATE SET NULL);
CREATE TABLE by_default (id int, up int DEFAULT 1 REFERENCES parent ON DELETE SET DEFAULT ON UPDATE SET DEFAULT);
CREATE TABLE by_restrict (id int, up int REFERENCES parent ON DELETE RESTRICT ON UPDATE RESTRICT);
CREATE TABLE by_nothing (id int, up int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE grandchild (id int, up int REFERENCES by_cascade ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree ON DELETE CASCADE);
INSERT INTO parent SELECT i, 'x' FROM generate_series(1, 6) i;
INSERT INTO by_cascade VALUES (1, 2); INSERT INTO grandchild VALUES (1, 1); INSERT INTO by_null VALUES (1, 3);
INSERT INTO by_default VALUES (1, 4); INSERT INTO by_restrict VALUES (1, 5); INSERT INTO by_nothing VALUES (1, 6);
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2);

-- Partitions and inheritance
CREATE TABLE events (id int, at int) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (at);
CREATE TABLE events_2a PARTITION OF events_2 FOR VALUES FROM (10) TO (15);
INSERT INTO events VALUES (1, 1), (2, 12);
CREATE TABLE animal (id int, name text);
CREATE TABLE dog (breed text) INHERITS (animal);
CREATE TABLE puppy () INHERITS (dog);
INSERT INTO animal VALUES (1, 'a'); INSERT INTO puppy VALUES (2, 'b', 'c');

-- Triggers
CREATE TABLE watched (id int PRIMARY KEY, note text, at int);
INSERT INTO watched VALUES (1, 'a', 0), (2, 'b', 0);
CREATE FUNCTION log_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO log VALUES (COALESCE(NEW.id, OLD.id), TG_OP); RETURN COALESCE(NEW, OLD); END $$;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.at := (SELECT count(*) FROM seen); RETURN NEW; END $$;
CREATE TRIGGER deleted AFTER DELETE ON watched FOR EACH ROW EXECUTE FUNCTION log_row();
CREATE TRIGGER stamped BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE FUNCTION log_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO log SELECT id, 'batch' FROM fresh; RETURN NULL; END $$;
CREATE TABLE batched (id int); INSERT INTO batched VALUES (1);
CREATE TRIGGER batch AFTER INSERT ON batched REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION log_batch();
CREATE FUNCTION log_cut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO log VALUES (0, 'cut'); RETURN NULL; END $$;
CREATE TRIGGER cut BEFORE TRUNCATE ON batched FOR EACH STATEMENT EXECUTE FUNCTION log_cut();
CREATE TABLE dynamic (id int);
CREATE FUNCTION run_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN EXECUTE 'INSERT INTO app.log VALUES (1, ''dynamic'')'; RETURN NEW; END $$;
CREATE TRIGGER runs AFTER INSERT ON dynamic FOR EACH ROW EXECUTE FUNCTION run_text();
CREATE FUNCTION log_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO log VALUES (NEW.id, 'event'); RETURN NEW; END $$;
CREATE TRIGGER of_partition AFTER INSERT ON events_2a FOR EACH ROW EXECUTE FUNCTION log_event();
CREATE TABLE late (id int); INSERT INTO late VALUES (1);
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_event();
CREATE TABLE cascaded (id int, up int REFERENCES watched ON DELETE CASCADE); INSERT INTO cascaded VALUES (1, 1);
CREATE FUNCTION mark_seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE seen SET what = 'z'; RETURN OLD; END $$;
CREATE TRIGGER after_cascade AFTER DELETE ON cascaded FOR EACH ROW EXECUTE FUNCTION mark_seen();
CREATE TABLE conditional (id int, note text); INSERT INTO conditional VALUES (1, 'a');
CREATE FUNCTION is_new(x int) RETURNS boolean LANGUAGE sql AS 'SELECT NOT EXISTS (SELECT FROM apart WHERE id = x)';
CREATE TRIGGER checks BEFORE UPDATE ON conditional FOR EACH ROW WHEN (is_new(NEW.id)) EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TABLE mutual_a (id int); CREATE TABLE mutual_b (id int);
CREATE FUNCTION a_to_b() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF pg_trigger_depth() < 3 THEN INSERT INTO mutual_b VALUES (1); END IF; RETURN NEW; END $$;
CREATE FUNCTION b_to_a() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF pg_trigger_depth() < 3 THEN INSERT INTO mutual_a VALUES (1); END IF; RETURN NEW; END $$;
CREATE TRIGGER t AFTER INSERT ON mutual_a FOR EACH ROW EXECUTE FUNCTION a_to_b();
CREATE TRIGGER t AFTER INSERT ON mutual_b FOR EACH ROW EXECUTE FUNCTION b_to_a();

-- Views and rules
CREATE VIEW small AS SELECT id, note FROM apart WHERE id < 10;
CREATE VIEW nested AS SELECT s.note, l.id FROM small s JOIN lonely l USING (id);
CREATE VIEW checked AS SELECT id, note FROM apart WHERE id IN (SELECT id FROM seen) WITH CHECK OPTION;
CREATE MATERIALIZED VIEW stored AS SELECT count(*) AS n FROM apart;
CREATE VIEW over_stored AS SELECT n FROM stored;
CREATE VIEW triggered AS SELECT id, what FROM seen;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (NEW.id, 'instead'); RETURN NEW; END $$;
CREATE TRIGGER instead INSTEAD OF INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION instead();
CREATE TABLE ruled (id int, note text); INSERT INTO ruled VALUES (1, 'a');
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO log VALUES (NEW.id, 'rule');
CREATE RULE elsewhere AS ON DELETE TO ruled DO INSTEAD UPDATE seen SET what = 'rule';
CREATE VIEW redirected AS SELECT id FROM lonely;
CREATE RULE redirect AS ON INSERT TO redirected DO INSTEAD INSERT INTO log VALUES (NEW.id, 'redirected');
CREATE VIEW of_catalog AS SELECT relname FROM pg_class;

-- Functions, labelled rightly and not
CREATE FUNCTION count_apart() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT count(*) FROM app.apart';
CREATE FUNCTION count_atomic() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM apart; END;
CREATE FUNCTION calls_count() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN count_apart() + 1; END $$;
CREATE FUNCTION writes_log(x int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (x, 'f'); RETURN x; END $$;
CREATE FUNCTION writes_atomic(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC INSERT INTO log VALUES (x, 'f'); SELECT x; END;
CREATE FUNCTION indirect(x int) RETURNS int LANGUAGE sql AS 'SELECT writes_log(x)';
CREATE FUNCTION any_text(x text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE x; END $$;
CREATE FUNCTION plain(x int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN x + 1; END $$;
CREATE FUNCTION with_path() RETURNS bigint LANGUAGE sql SET search_path = tenant_a AS 'SELECT count(*) FROM things';
CREATE FUNCTION by_default_argument(x bigint DEFAULT count_apart()) RETURNS bigint LANGUAGE sql AS 'SELECT x';
CREATE FUNCTION makes_table() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE app.made (id int); END $$;
CREATE FUNCTION recursive(x int) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN IF x < 1 THEN RETURN (SELECT count(*) FROM apart); END IF; RETURN recursive(x - 1); END $$;
CREATE FUNCTION fold(state bigint, x int) RETURNS bigint LANGUAGE sql AS 'SELECT state + x + (SELECT count(*) FROM apart)';
CREATE AGGREGATE folded(int) (SFUNC = fold, STYPE = bigint, INITCOND = '0');
CREATE FUNCTION size_of(t lonely) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT t.id + count(*) FROM apart';
CREATE FUNCTION with_table(x int) RETURNS TABLE (n bigint) LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY SELECT count(*) FROM apart; END $$;
CREATE PROCEDURE proc() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1, 'p'); END $$;

-- Operators, casts, types
CREATE FUNCTION eq_apart(a int, b int) RETURNS boolean LANGUAGE sql AS 'SELECT a + b = (SELECT count(*) FROM apart)';
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = eq_apart);
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION pair_sum(p pair) RETURNS int LANGUAGE sql AS 'SELECT p.a + p.b + (SELECT count(*)::int FROM apart)';
CREATE CAST (pair AS int) WITH FUNCTION pair_sum(pair) AS ASSIGNMENT;
CREATE TABLE pairs (p pair); INSERT INTO pairs VALUES (ROW(1, 2));
CREATE FUNCTION is_fine(x int) RETURNS boolean LANGUAGE sql AS 'SELECT x > (SELECT count(*) FROM apart)';
CREATE DOMAIN fine AS int CHECK (is_fine(VALUE));
CREATE TABLE of_domain (x fine);
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE moods (m mood, tags text[], j jsonb); INSERT INTO moods VALUES ('sad', '{a}', '{}');

-- What is computed when a row is written
CREATE SEQUENCE numbers;
CREATE TABLE computed (id int DEFAULT nextval('numbers'), plus int GENERATED ALWAYS AS (id + 1) STORED);
CREATE TABLE serials (id serial, n int GENERATED BY DEFAULT AS IDENTITY);
CREATE TABLE by_function (id int DEFAULT count_apart(), n int);
CREATE TABLE calls_writer (id int, n int DEFAULT writes_log(7));
CREATE TABLE constrained (id int CHECK (is_fine(id)));
CREATE TABLE indexed (id int); CREATE INDEX ON indexed ((count_apart() + id));
CREATE TABLE partly (id int); CREATE INDEX ON partly (id) WHERE count_apart() > 1;
CREATE TABLE generated (id int, n bigint GENERATED ALWAYS AS (count_apart() + id) STORED);
INSERT INTO generated VALUES (1);
CREATE TABLE dynamic_default (id int DEFAULT nextval('numb' || 'ers'));

-- Row-level security
CREATE TABLE secret (id int, owner text); INSERT INTO secret VALUES (1, 'a'), (2, 'b');
CREATE TABLE members (name text); INSERT INTO members VALUES ('a');
ALTER TABLE secret ENABLE ROW LEVEL SECURITY; ALTER TABLE secret FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON secret USING (owner IN (SELECT name FROM members)) WITH CHECK (id IN (SELECT id FROM lonely));

CREATE TRIGGER t AFTER INSERT ON tenant_b.things FOR EACH ROW EXECUTE FUNCTION log_event();

SELECT lo_from_bytea(424243, 'abc');

CREATE UNLOGGED TABLE scratch (id int); INSERT INTO scratch VALUES (1);

-- Keys that an UPDATE keeps, and keys that it changes unseen
CREATE TABLE keyed (id int PRIMARY KEY, code text UNIQUE, note text);
CREATE TABLE by_code (code text REFERENCES keyed (code) ON UPDATE CASCADE);
INSERT INTO keyed VALUES (1, 'a', 'x'); INSERT INTO by_code VALUES ('a');
CREATE TABLE doubled (id int, twice int GENERATED ALWAYS AS (id * 2) STORED UNIQUE);
CREATE TABLE by_twice (twice int REFERENCES doubled (twice) ON UPDATE CASCADE);
INSERT INTO doubled VALUES (1); INSERT INTO by_twice VALUES (2);
CREATE TABLE shifting (id int PRIMARY KEY, note text);
CREATE TABLE by_shifting (id int REFERENCES shifting ON UPDATE CASCADE);
INSERT INTO shifting VALUES (1, 'x'); INSERT INTO by_shifting VALUES (1);
CREATE FUNCTION shift() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := OLD.id + 100; RETURN NEW; END $$;
CREATE TRIGGER shift BEFORE UPDATE ON shifting FOR EACH ROW EXECUTE FUNCTION shift();
CREATE TABLE hub (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE hub_1 PARTITION OF hub FOR VALUES FROM (0) TO (10);
CREATE TABLE spoke (id int REFERENCES hub ON DELETE CASCADE);
INSERT INTO hub VALUES (1); INSERT INTO spoke VALUES (1);

-- Functions that nobody names
CREATE FUNCTION apart_key(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + (SELECT count(*)::int FROM app.apart)';
CREATE TABLE spread (x int) PARTITION BY LIST (apart_key(x));
CREATE TABLE spread_rest PARTITION OF spread DEFAULT;
CREATE TYPE fine_pair AS (a fine, b int); CREATE TABLE of_pair (p fine_pair);
CREATE TABLE of_array (xs fine[]);
CREATE DOMAIN finer AS fine; CREATE TABLE of_finer (x finer);
CREATE DOMAIN numbered AS int DEFAULT nextval('app.numbers'); CREATE TABLE of_numbered (x numbered, y int);
CREATE FUNCTION span(a int, b int) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT (a - b + (SELECT count(*) FROM app.apart))::float8';
CREATE TYPE int_span AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = span); CREATE TABLE ranges (r int_span);
CREATE FUNCTION pair_less(a pair, b pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT (a).a < (b).a + (SELECT count(*) FROM app.lonely)';
CREATE OPERATOR <# (LEFTARG = pair, RIGHTARG = pair, FUNCTION = pair_less);
CREATE OPERATOR ~~~ (LEFTARG = oid, RIGHTARG = bytea, FUNCTION = pg_catalog.lo_from_bytea);
CREATE INDEX ON stored (apart_key(n::int));

-- A class of operators that only an index and a partitioned table name
CREATE FUNCTION apart_order(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1, $2) * (1 - 2 * (SELECT count(*)::int % 2 FROM app.apart))';
CREATE OPERATOR CLASS apart_ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 apart_order(int, int);
CREATE TABLE classed (n int); INSERT INTO classed VALUES (1), (2); CREATE INDEX ON classed (n apart_ops);
CREATE TABLE classed_parts (n int) PARTITION BY RANGE (n apart_ops);
CREATE TABLE classed_low PARTITION OF classed_parts FOR VALUES FROM (MINVALUE) TO (3);
CREATE TABLE classed_rest PARTITION OF classed_parts DEFAULT; INSERT INTO classed_parts VALUES (1), (2);

-- Bodies
CREATE FUNCTION with_cursor() RETURNS int LANGUAGE plpgsql AS $$
DECLARE c CURSOR FOR SELECT id FROM apart; n int; BEGIN OPEN c; FETCH c INTO n; CLOSE c; RETURN n; END $$;
CREATE FUNCTION with_strings() RETURNS text LANGUAGE sql SET standard_conforming_strings = off AS 'SELECT ''a''';
CREATE FUNCTION handles() RETURNS int LANGUAGE plpgsql AS $$
BEGIN RETURN 1 / 0; EXCEPTION WHEN others THEN INSERT INTO log VALUES (1, 'handled'); RETURN 0; END $$;
CREATE FUNCTION loops() RETURNS void LANGUAGE plpgsql AS $$
DECLARE r record; BEGIN FOR r IN SELECT id FROM apart LOOP INSERT INTO seen VALUES (r.id, 'l'); END LOOP; END $$;
CREATE FUNCTION calls_proc() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL proc(); END $$;
CREATE FUNCTION poly(x anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT x FROM app.seen LIMIT 1';
CREATE FUNCTION own_nextval() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''app.numbers'')';
CREATE FUNCTION lower(int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM app.apart';

-- A rule that notifies cannot be followed.
CREATE TABLE notifying (id int); CREATE RULE tells AS ON INSERT TO notifying DO ALSO NOTIFY changed;
`
