/**
 * Every place in PL/pgSQL where an expression or a query may stand, as the body of a function of `a int`, in which `@` is a
 * call that gives 1.
 */
export interface Slot {
  readonly title: string
  readonly body: string
  /** @defaultValue `int` */
  readonly returns?: string
}

export const slots: readonly Slot[] = [
  { title: 'RETURN', body: 'BEGIN RETURN @; END' },
  { title: 'a first value', body: 'DECLARE x int := @; BEGIN RETURN x; END' },
  {
    title: 'a first value after DEFAULT',
    body: 'DECLARE x CONSTANT text NOT NULL DEFAULT @; BEGIN RETURN x; END',
  },
  { title: 'the first value of a row', body: 'DECLARE x pair := ROW(@, 2); BEGIN RETURN x.x; END' },
  { title: 'the first value of a domain', body: 'DECLARE y int; x small NOT NULL = @; BEGIN RETURN x; END' },
  { title: 'the first value of a record', body: 'DECLARE x record DEFAULT ROW(@, 2); BEGIN RETURN 1; END' },
  {
    title: 'a first value behind a cursor, and names like key words',
    body: `DECLARE c CURSOR FOR SELECT 1 = 1; BEGIN
      DECLARE y int := (SELECT q.begin FROM (SELECT 1) q ("begin")); x pair := ROW(@, y); BEGIN RETURN x.x; END; END`,
  },
  {
    title: 'the first value of a parameter that is shadowed',
    body: 'DECLARE a int = @; BEGIN RETURN a; END',
  },
  { title: 'an assignment', body: 'BEGIN a := @; RETURN a; END' },
  { title: 'an assignment without a colon', body: 'BEGIN a = @; RETURN a; END' },
  { title: 'an assignment from a table', body: 'BEGIN a := count(*) + @ FROM plain; RETURN a; END' },
  {
    title: 'an assignment of a named argument',
    body: 'BEGIN a := abs(@) + length(lpad(@::text, 3)); RETURN a; END',
  },
  { title: 'an assignment to an element', body: 'DECLARE x int[]; BEGIN x[2] := @; RETURN x[2]; END' },
  { title: 'a subscript', body: 'DECLARE x int[]; BEGIN x[@] := 5; RETURN x[1]; END' },
  {
    title: 'a subscript with = in it',
    body: `DECLARE x int[]; BEGIN x[CASE WHEN @ = 1 THEN 1 END] := 5; RETURN x[1]; END`,
  },
  { title: 'a slice', body: `DECLARE x int[] := '{1,2,3}'; BEGIN x[1:@] := '{7}'; RETURN x[1]; END` },
  { title: 'an assignment to a field', body: 'DECLARE x pair; BEGIN x.y := @; RETURN x.y; END' },
  { title: 'an assignment to a whole row', body: 'DECLARE x pair; BEGIN x := ROW(@, 2); RETURN x.x; END' },
  {
    title: 'an assignment to a labelled variable',
    body: '<<here>> DECLARE x pair; BEGIN here.x.y := @; RETURN x.y; END',
  },
  { title: 'an assignment behind a comment', body: 'BEGIN a /* := 1 */ := -- =\n @; RETURN a; END' },
  { title: 'PERFORM', body: 'BEGIN PERFORM @; RETURN 1; END' },
  { title: 'PERFORM from a table', body: 'BEGIN PERFORM @ FROM plain; RETURN 1; END' },
  { title: 'SELECT INTO', body: 'BEGIN SELECT @ INTO a; RETURN a; END' },
  { title: 'SELECT INTO STRICT', body: 'BEGIN SELECT INTO STRICT a @ FROM plain LIMIT 1; RETURN a; END' },
  {
    title: 'SELECT INTO, its condition',
    body: 'BEGIN SELECT id INTO a FROM plain WHERE id = @; RETURN a; END',
  },
  { title: 'WITH and INTO', body: 'BEGIN WITH w AS (SELECT @ AS x) SELECT x INTO a FROM w; RETURN a; END' },
  { title: 'IF', body: 'BEGIN IF @ = 1 THEN RETURN 1; END IF; RETURN 2; END' },
  { title: 'in IF', body: 'BEGIN IF true THEN RETURN @; END IF; END' },
  { title: 'ELSIF', body: 'BEGIN IF a = 0 THEN RETURN 0; ELSIF @ = 1 THEN RETURN 1; END IF; RETURN 2; END' },
  { title: 'in ELSIF', body: 'BEGIN IF a = 0 THEN RETURN 0; ELSIF true THEN RETURN @; END IF; END' },
  { title: 'in ELSE', body: 'BEGIN IF false THEN NULL; ELSE RETURN @; END IF; END' },
  { title: 'CASE', body: 'BEGIN CASE @ WHEN 1 THEN RETURN 3; END CASE; END' },
  { title: 'WHEN', body: 'BEGIN CASE a WHEN 4, @ THEN RETURN 3; ELSE RETURN 4; END CASE; END' },
  { title: 'WHEN without a value', body: 'BEGIN CASE WHEN @ = 1 THEN RETURN 3; ELSE NULL; END CASE; END' },
  { title: 'in WHEN', body: 'BEGIN CASE 1 WHEN 1 THEN RETURN @; END CASE; END' },
  { title: 'in the ELSE of CASE', body: 'BEGIN CASE 1 WHEN 2 THEN NULL; ELSE RETURN @; END CASE; END' },
  { title: 'in LOOP', body: 'BEGIN LOOP a := @; EXIT; END LOOP; RETURN a; END' },
  { title: 'EXIT WHEN', body: 'BEGIN <<l>> LOOP EXIT l WHEN @ = 1; END LOOP; RETURN 1; END' },
  { title: 'CONTINUE WHEN', body: 'BEGIN FOR i IN 1..2 LOOP CONTINUE WHEN @ = 1; END LOOP; RETURN 1; END' },
  { title: 'WHILE', body: 'BEGIN WHILE a < 3 + @ LOOP a := a + 1; END LOOP; RETURN a; END' },
  { title: 'in WHILE', body: 'BEGIN WHILE a < 3 LOOP a := a + @; END LOOP; RETURN a; END' },
  { title: 'FOR, lower', body: 'BEGIN FOR i IN @..3 LOOP a := a + i; END LOOP; RETURN a; END' },
  { title: 'FOR, upper', body: 'BEGIN FOR i IN REVERSE 3..@ LOOP a := a + i; END LOOP; RETURN a; END' },
  { title: 'FOR, step', body: 'BEGIN FOR i IN 1..9 BY @ LOOP a := a + i; END LOOP; RETURN a; END' },
  { title: 'in FOR', body: 'BEGIN FOR i IN 1..2 LOOP a := a + @; END LOOP; RETURN a; END' },
  {
    title: 'FOR over a query',
    body: 'DECLARE r record; BEGIN FOR r IN SELECT @ AS x LOOP a := a + r.x; END LOOP; RETURN a; END',
  },
  {
    title: 'in FOR over a query',
    body: 'DECLARE r plain; BEGIN FOR r IN TABLE plain LOOP a := a + @; END LOOP; RETURN a; END',
  },
  {
    title: 'FOR over values',
    body: 'DECLARE x int; y int; BEGIN FOR x, y IN VALUES (1, @) LOOP a := a + y; END LOOP; RETURN a; END',
  },
  {
    title: 'FOR over a cursor',
    body: 'DECLARE c CURSOR FOR SELECT @ AS x; BEGIN FOR r IN c LOOP a := a + r.x; END LOOP; RETURN a; END',
  },
  {
    title: 'in FOR over a cursor',
    body: 'DECLARE c NO SCROLL CURSOR IS SELECT id = 1 FROM plain; BEGIN FOR r IN c LOOP a := @; END LOOP; RETURN a; END',
  },
  {
    title: 'an argument of a cursor',
    body: `DECLARE c CURSOR (x int, y text) FOR SELECT x, y;
      BEGIN FOR r IN c (y := 'a', x := @) LOOP a := a + r.x; END LOOP; RETURN a; END`,
  },
  {
    title: 'FOREACH',
    body: 'DECLARE x int; BEGIN FOREACH x IN ARRAY ARRAY[1, @] LOOP a := a + x; END LOOP; RETURN a; END',
  },
  {
    title: 'in FOREACH',
    body: `DECLARE x int[]; BEGIN FOREACH x SLICE 1 IN ARRAY '{{1,2},{3,4}}'::int[] LOOP a := a + @; END LOOP; RETURN a; END`,
  },
  { title: 'RAISE', body: `BEGIN RAISE NOTICE '% %', 2, @; RETURN 1; END` },
  { title: 'an option of RAISE', body: `BEGIN RAISE LOG USING MESSAGE = 'a', HINT = @; RETURN 1; END` },
  { title: 'ASSERT', body: 'BEGIN ASSERT @ = 1; RETURN 1; END' },
  {
    title: 'the message of ASSERT',
    body: 'BEGIN ASSERT false, @; EXCEPTION WHEN assert_failure THEN RETURN 1; END',
  },
  { title: 'a block within', body: 'BEGIN DECLARE x int; BEGIN x := @; RETURN x; END; END' },
  {
    title: 'a block with a handler',
    body: 'BEGIN a := @; RETURN a; EXCEPTION WHEN division_by_zero THEN RETURN 0; END',
  },
  {
    title: 'a handler',
    body: 'BEGIN a := 1 / 0; RETURN a; EXCEPTION WHEN no_data_found OR division_by_zero THEN RETURN @; END',
  },
  {
    title: 'a second handler',
    body: `BEGIN a := 1 / 0; RETURN a; EXCEPTION WHEN no_data_found THEN NULL; WHEN SQLSTATE '22012' THEN RETURN @; END`,
  },
  { title: 'RETURN NEXT', returns: 'SETOF int', body: 'BEGIN RETURN NEXT @; RETURN NEXT 2; END' },
  {
    title: 'RETURN QUERY',
    returns: 'SETOF int',
    body: 'BEGIN RETURN QUERY SELECT @ FROM plain; RETURN; END',
  },
  {
    title: 'RETURN QUERY, its order',
    returns: 'SETOF int',
    body: 'BEGIN RETURN QUERY SELECT id FROM plain ORDER BY id + @; END',
  },
  { title: 'RETURN of a row', returns: 'pair', body: 'BEGIN RETURN ROW(@, 2); END' },
]
