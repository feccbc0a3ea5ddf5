import type { ObjectCase } from './objects.ts'

/** Functions that leave a cursor on their connection, whatever their label says. */
export const cursors: readonly ObjectCase[] = [
  {
    title: 'immutable, opening a cursor of a given name',
    object: 'function',
    create: `CREATE FUNCTION app.opens(name refcursor) RETURNS refcursor IMMUTABLE LANGUAGE plpgsql
      AS 'BEGIN OPEN name FOR SELECT 1; RETURN name; END'`,
    name: 'app.opens',
    verdict: 'session',
    use: `SELECT app.opens('a'); FETCH a`,
    standby: 'ok',
  },
  {
    title: 'stable, telling the name of a cursor in one of its results',
    object: 'function',
    create: `CREATE FUNCTION app.opens_too(OUT name refcursor, OUT x int) STABLE LANGUAGE plpgsql
      AS 'BEGIN name := ''b''; OPEN name FOR SELECT 1; CLOSE name; OPEN name FOR SELECT 2; END'`,
    name: 'app.opens_too',
    verdict: 'session',
    use: 'SELECT app.opens_too(); FETCH b',
    standby: 'ok',
  },
  {
    title: 'stable, leaving a cursor open whose name can be guessed',
    object: 'function',
    create: `CREATE FUNCTION app.leaves() RETURNS int STABLE LANGUAGE plpgsql
      AS 'DECLARE c refcursor := ''guessed''; BEGIN OPEN c FOR SELECT 1; RETURN 1; END'`,
    name: 'app.leaves',
    verdict: 'session',
    use: 'SELECT app.leaves(); FETCH guessed',
    standby: 'ok',
  },
  {
    title: 'stable, closing the cursor that it opens',
    object: 'function',
    create: `CREATE FUNCTION app.closes() RETURNS int STABLE LANGUAGE plpgsql
      AS 'DECLARE c CURSOR FOR SELECT 1; x int; BEGIN OPEN c; FETCH c INTO x; CLOSE c; RETURN x; END'`,
    name: 'app.closes',
    verdict: 'harmless',
    use: 'SELECT app.closes()',
    standby: 'ok',
  },
  {
    title: 'stable, calling what opens a cursor',
    object: 'function',
    create: `CREATE FUNCTION app.calls_opens() RETURNS text STABLE LANGUAGE sql AS 'SELECT app.opens(''d'')::text'`,
    name: 'app.calls_opens',
    verdict: 'session',
    use: 'SELECT app.calls_opens(); FETCH d',
    standby: 'ok',
  },
]
