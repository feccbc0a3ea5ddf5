import { expect, test } from 'vitest'
import { splitScript } from './split-script.ts'

const scripts: readonly (readonly [script: string, statements: readonly string[]])[] = [
  ['SELECT 1; SELECT 2', ['SELECT 1', 'SELECT 2']],
  ['-- said of it\nSELECT 1;', ['-- said of it\nSELECT 1']],
  [' ;; -- nothing\n;', []],
  ["SELECT ';', $$;$$, $a$;$$;$a$ /* ; */; SELECT 2", ["SELECT ';', $$;$$, $a$;$$;$a$ /* ; */", 'SELECT 2']],
  ['CREATE RULE r DO (SELECT 1; SELECT 2); SELECT 3', ['CREATE RULE r DO (SELECT 1; SELECT 2)', 'SELECT 3']],
  [
    'CREATE PROCEDURE p() BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 4; END; SELECT 5',
    ['CREATE PROCEDURE p() BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 4; END', 'SELECT 5'],
  ],
  ['\\d t\nSELECT 1 \\gset\nSELECT 2;', ['SELECT 1', 'SELECT 2']],
  ['COPY t FROM stdin;\n1\t2;3\n\\.\nSELECT 1;', ['COPY t FROM stdin', 'SELECT 1']],
  [
    'COPY wrong FROM stdin;\nSELECT 1;\nCOPY t FROM stdin;\n1\n\\.\n',
    ['COPY wrong FROM stdin', 'SELECT 1', 'COPY t FROM stdin'],
  ],
]

test.each(scripts)('%j', (script, statements) => {
  expect(splitScript(script)).toEqual(statements)
})
