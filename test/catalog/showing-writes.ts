/** Writes, and other writes that show them: by an error, or by what they return. */
export const showingWrites: readonly (readonly [write: string, shownBy: string, apart: string])[] = [
  // Foreign keys are checked in both directions.
  ['INSERT INTO parent VALUES (7)', 'INSERT INTO by_null VALUES (9, 7)', 'INSERT INTO lonely VALUES (9)'],
  [
    'INSERT INTO parent VALUES (7)',
    'INSERT INTO by_nothing VALUES (9, 7); SET CONSTRAINTS ALL IMMEDIATE',
    'DELETE FROM seen',
  ],
  [
    'DELETE FROM parent WHERE id = 1',
    'INSERT INTO by_cascade VALUES (9, 1)',
    'INSERT INTO tree VALUES (9, 1)',
  ],
  ['INSERT INTO by_restrict VALUES (9, 1)', 'DELETE FROM parent WHERE id = 1', 'DELETE FROM tree'],
  ['DELETE FROM by_restrict', 'DELETE FROM parent WHERE id = 5', 'DELETE FROM watched'],
  [
    'INSERT INTO by_nothing VALUES (9, 1)',
    'DELETE FROM parent WHERE id = 1; SET CONSTRAINTS ALL IMMEDIATE',
    'DELETE FROM hub',
  ],
  ['INSERT INTO hub VALUES (5)', 'INSERT INTO spoke VALUES (5)', 'INSERT INTO grandchild VALUES (5, 1)'],
  [
    "INSERT INTO keyed VALUES (9, 'z')",
    "INSERT INTO by_code VALUES ('z')",
    'INSERT INTO by_shifting VALUES (1)',
  ],
  ['DELETE FROM by_cascade', 'INSERT INTO grandchild VALUES (9, 1)', 'INSERT INTO by_null VALUES (9, 2)'],
  // Targets of ON CONFLICT
  [
    "INSERT INTO apart VALUES (9, 'x')",
    "INSERT INTO small VALUES (9, 'y') ON CONFLICT (id) DO NOTHING RETURNING id",
    "INSERT INTO lonely VALUES (9, 'y') ON CONFLICT (id) DO NOTHING RETURNING id",
  ],
  [
    'UPDATE small SET id = 3 WHERE id = 2',
    "INSERT INTO apart VALUES (2, 'y') ON CONFLICT DO NOTHING RETURNING id",
    'INSERT INTO parent VALUES (2) ON CONFLICT DO NOTHING RETURNING id',
  ],
  // Conditions of a view that its new rows must fulfil
  [
    "INSERT INTO seen VALUES (7, 'x')",
    "INSERT INTO checked VALUES (7, 'x')",
    "INSERT INTO small VALUES (7, 'x')",
  ],
  // RETURNING, and sub-selects
  [
    "INSERT INTO lonely VALUES (9, 'x')",
    "INSERT INTO log VALUES (1, 'x') RETURNING (SELECT count(*) FROM redirected)",
    "INSERT INTO log VALUES (1, 'x') RETURNING (SELECT count(*) FROM triggered)",
  ],
  [
    "UPDATE seen SET what = 'q'",
    'WITH d AS (DELETE FROM log RETURNING 1) SELECT what FROM triggered',
    'WITH d AS (DELETE FROM log RETURNING 1) SELECT note FROM small',
  ],
  [
    "INSERT INTO apart VALUES (9, 'x')",
    'UPDATE lonely SET id = count_apart() RETURNING id',
    'UPDATE lonely SET id = poly(id) RETURNING id',
  ],
  [
    'DELETE FROM apart',
    'DELETE FROM members WHERE count_atomic() > 1 RETURNING name',
    'DELETE FROM members WHERE plain(1) > 1 RETURNING name',
  ],
  [
    "INSERT INTO apart VALUES (9, 'x')",
    "MERGE INTO lonely l USING small s ON l.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'm') RETURNING s.id",
    "MERGE INTO lonely l USING triggered s ON l.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'm') RETURNING s.id",
  ],
  [
    "INSERT INTO apart VALUES (9, 'x')",
    'SELECT writes_log(count_apart()::int)',
    'SELECT writes_log(poly(4))',
  ],
  [
    "SELECT lo_put(424243, 0, 'xyz')",
    "INSERT INTO log SELECT 1, encode(lo_get(424243), 'hex') RETURNING what",
    "INSERT INTO log SELECT 1, encode('a', 'hex') RETURNING what",
  ],
  // What is computed when a row is written
  [
    "INSERT INTO apart VALUES (9, 'x')",
    'INSERT INTO by_function (n) VALUES (1) RETURNING id',
    'INSERT INTO by_null (id) VALUES (1) RETURNING id',
  ],
  [
    "INSERT INTO apart VALUES (9, 'x')",
    'INSERT INTO generated VALUES (2) RETURNING n',
    'INSERT INTO doubled VALUES (2) RETURNING twice',
  ],
  ['DELETE FROM apart', 'INSERT INTO of_domain VALUES (1)', "INSERT INTO moods VALUES ('sad')"],
  ['DELETE FROM apart', 'INSERT INTO constrained VALUES (1)', 'INSERT INTO mutual_a VALUES (1)'],
  ['DELETE FROM apart', "INSERT INTO of_array VALUES ('{1}')", 'INSERT INTO late VALUES (1)'],
  ['DELETE FROM apart', 'INSERT INTO of_pair VALUES (ROW(1, 1))', 'INSERT INTO batched VALUES (1)'],
  ['DELETE FROM apart', 'INSERT INTO of_finer VALUES (1)', 'INSERT INTO events VALUES (1, 1)'],
  [
    'DELETE FROM small',
    'UPDATE conditional SET note = note RETURNING id',
    'UPDATE late SET id = id RETURNING id',
  ],
  [
    "INSERT INTO seen VALUES (4, 'x')",
    "INSERT INTO watched VALUES (9, 'w', 0) RETURNING at",
    'UPDATE watched SET note = note RETURNING at',
  ],
]
