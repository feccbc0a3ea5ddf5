import type { BodyCase } from './bodies.ts'

/** Told apart by their names: overloads, schemas, quotes. Some call what `bodies` creates. */
export const bodiesByName: readonly BodyCase[] = [
  {
    title: 'two overloads',
    create: `CREATE FUNCTION two(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
      CREATE FUNCTION two(x text) RETURNS text LANGUAGE sql AS 'SELECT x'`,
    name: 'two',
    verdict: 'harmless',
    use: `SELECT two(1), two('a'::text)`,
    standby: 'ok',
  },
  {
    title: 'two overloads, one of which writes',
    create: `CREATE FUNCTION half(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
      CREATE FUNCTION half(x text) RETURNS void LANGUAGE sql AS 'DELETE FROM plain'`,
    name: 'half',
    verdict: 'volatile',
    use: `SELECT half('a'::text)`,
    standby: '25006',
  },
  {
    title: 'two overloads, one of which calls what writes',
    create: `CREATE FUNCTION hidden(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
      CREATE FUNCTION hidden(x text) RETURNS int LANGUAGE sql AS 'SELECT pl_writes()'`,
    name: 'hidden',
    verdict: 'volatile',
    use: `SELECT hidden('a'::text)`,
    standby: '25006',
  },
  {
    title: 'two overloads, one of which is in PL/pgSQL',
    create: `CREATE FUNCTION mixed(x int) RETURNS int LANGUAGE sql AS 'SELECT x';
      CREATE FUNCTION mixed(x text) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM plain; RETURN 1; END'`,
    name: 'mixed',
    verdict: 'volatile',
    use: `SELECT mixed('a'::text)`,
    standby: '25006',
  },
  {
    title: 'an overload of an aggregate that writes',
    create: `CREATE FUNCTION step(s int, x int) RETURNS int LANGUAGE plpgsql AS
        'BEGIN DELETE FROM plain; RETURN x; END';
      CREATE AGGREGATE sums(int) (SFUNC = step, STYPE = int);
      CREATE FUNCTION sums(x text) RETURNS text LANGUAGE sql AS 'SELECT x'`,
    name: 'sums',
    verdict: 'volatile',
    use: 'SELECT sums(x) FROM generate_series(1, 2) x',
    standby: '25006',
  },
  {
    title: 'in two schemas, harmless in both',
    create: `CREATE FUNCTION app.both() RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION other.both() RETURNS int LANGUAGE sql AS 'SELECT 2'`,
    name: 'both',
    verdict: 'harmless',
    use: 'SELECT app.both(), other.both()',
    standby: 'ok',
  },
  {
    title: 'in two schemas, labelled in one',
    create: `CREATE FUNCTION app.halves() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION other.halves() RETURNS int LANGUAGE sql AS 'SELECT 2'`,
    name: 'halves',
    verdict: 'harmless',
    use: 'SELECT app.halves(), other.halves()',
    standby: 'ok',
  },
  {
    title: 'in two schemas: the labelled one',
    create: '',
    name: 'app.halves',
    verdict: 'harmless',
    use: 'SELECT app.halves()',
    standby: 'ok',
  },
  {
    title: 'in two schemas, one of which writes',
    create: `CREATE FUNCTION app.either() RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION other.either() RETURNS int LANGUAGE sql AS 'SELECT public.pl_writes()'`,
    name: 'either',
    verdict: 'volatile',
    use: 'SELECT other.either()',
    standby: '25006',
  },
  {
    title: 'in two schemas: the one that only reads',
    create: '',
    name: 'app.either',
    verdict: 'harmless',
    use: 'SELECT app.either()',
    standby: 'ok',
  },
  {
    title: 'in two schemas: the one that writes',
    create: '',
    name: 'other.either',
    verdict: 'volatile',
    use: 'SELECT other.either()',
    standby: '25006',
  },
  {
    title: 'in two schemas, session state in one',
    create: `CREATE FUNCTION app.odd() RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION other.odd() RETURNS boolean LANGUAGE sql AS 'SELECT pg_try_advisory_xact_lock(1)'`,
    name: 'odd',
    verdict: 'volatile',
    use: 'SELECT other.odd()',
    standby: 'ok',
  },
  {
    title: 'calls a name that writes in one of two schemas',
    create: `SET search_path = other, public;
      CREATE FUNCTION public.calls_any() RETURNS int LANGUAGE sql AS 'SELECT either()';
      RESET search_path`,
    name: 'calls_any',
    verdict: 'volatile',
    use: 'SET LOCAL search_path = other, public; SELECT calls_any()',
    standby: '25006',
  },
  {
    title: 'calls the one that only reads: its bare name stands in the text, which is enough to doubt it',
    create: `CREATE FUNCTION calls_one() RETURNS int LANGUAGE sql AS 'SELECT app.either()'`,
    name: 'calls_one',
    verdict: 'volatile',
    use: 'SELECT calls_one()',
    standby: 'ok',
  },
  {
    title: 'calls what only reads in all schemas',
    create: `CREATE FUNCTION calls_both() RETURNS int LANGUAGE sql AS 'SELECT app.both() + other.both()'`,
    name: 'calls_both',
    verdict: 'harmless',
    use: 'SELECT calls_both()',
    standby: 'ok',
  },
  {
    title: 'a quoted name',
    create: `CREATE FUNCTION app."Do It"() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    name: 'app.Do It',
    verdict: 'harmless',
    use: 'SELECT app."Do It"()',
    standby: 'ok',
  },
  {
    title: 'a quoted name that differs from one that writes in its case',
    create: `CREATE FUNCTION "PL_writes"() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    name: 'PL_writes',
    verdict: 'harmless',
    use: 'SELECT "PL_writes"()',
    standby: 'ok',
  },
]
