/** How the files of a suite hold their statements. */
export type Format = 'psql' | 'sqllogictest' | 'go' | 'sqlc' | 'ruby'

export interface Suite {
  /** Folders or files of the repository; only these are brought. */
  readonly paths: readonly string[]
  /** Which of their files hold statements, by the path inside the repository. */
  readonly files: RegExp
  readonly format: Format
}

/** A public project whose suites are run. Nothing of it is part of this repository. */
export interface Project {
  readonly name: string
  readonly url: string
  readonly commit: string
  readonly suites: readonly Suite[]
  /** Scripts that make what all the others use, by the end of their path; they run first, in this order. */
  readonly first?: readonly string[]
  /** Texts that PostgreSQL without the project's extension does not take, and what stands there instead. */
  readonly adaptations?: readonly (readonly [RegExp, string])[]
}

const sql = /\.sql$/

export const projects: readonly Project[] = [
  {
    name: 'sqlc',
    url: 'https://github.com/sqlc-dev/sqlc',
    commit: '99a7d7d0c7b913ded6a60a9d038ece99dcdf7892',
    suites: [
      {
        paths: ['internal/endtoend/testdata', 'examples'],
        files: /\/(?:postgresql|pgx|stdlib|lib\/pq)\/(?:.*\/)?[^/]+\.sql$/,
        format: 'sqlc',
      },
    ],
  },
  {
    name: 'sqlfluff',
    url: 'https://github.com/sqlfluff/sqlfluff',
    commit: 'e8e8c5d24dee8371acb94177fd8a7a86a783151c',
    suites: [
      {
        paths: ['test/fixtures/dialects'],
        files: /\/(?:ansi|postgres|redshift|duckdb|greenplum|materialize)\/[^/]+\.sql$/,
        format: 'psql',
      },
    ],
  },
  {
    name: 'pgtap',
    url: 'https://github.com/theory/pgtap',
    commit: 'b89585a64ffef012ff0f219de9197c669aa8485b',
    suites: [{ paths: ['sql/pgtap.sql.in', 'test'], files: /(?:\.sql|pgtap\.sql\.in)$/, format: 'psql' }],
    first: ['sql/pgtap.sql.in'],
    adaptations: [
      [/__VERSION__/g, '1.3'],
      [/__OS__/g, 'linux'],
      [/TAPSCHEMA\./g, 'public.'],
    ],
  },
  {
    name: 'plpgsql_check',
    url: 'https://github.com/okbob/plpgsql_check',
    commit: 'c882056fac65532dee95fc174c4fdc0cc0965293',
    suites: [
      {
        paths: ['sql'],
        files: /(?:active|passive|-18|profiler|generator)\.sql$/,
        format: 'psql',
      },
    ],
  },
  {
    name: 'pgaudit',
    url: 'https://github.com/pgaudit/pgaudit',
    commit: '3104214bad06516608eb851eb8f9d4e1b85b0cc4',
    suites: [{ paths: ['sql'], files: sql, format: 'psql' }],
  },
  {
    name: 'pg_query',
    url: 'https://github.com/pganalyze/pg_query',
    commit: 'd8a6b8f2028978c3e9295b4129060fd808bd6989',
    suites: [{ paths: ['spec'], files: /_spec\.rb$/, format: 'ruby' }],
  },
  {
    name: 'orioledb',
    url: 'https://github.com/orioledb/orioledb',
    commit: '32001336baac333c722aeab9564138b9df9fdec9',
    suites: [{ paths: ['test/sql'], files: sql, format: 'psql' }],
    adaptations: [[/\busing\s+orioledb\b/gi, '']],
  },
  {
    name: 'age',
    url: 'https://github.com/apache/age',
    commit: '4d9b250663424ad9c5e2405f6e2d821182eaaef4',
    suites: [{ paths: ['regress/sql'], files: sql, format: 'psql' }],
  },
  {
    name: 'citus',
    url: 'https://github.com/citusdata/citus',
    commit: 'a3d5708a6ae8bc8ed7129f8256b4585c01b917f3',
    suites: [{ paths: ['src/test/regress/sql'], files: sql, format: 'psql' }],
    adaptations: [[/\busing\s+columnar\b/gi, '']],
  },
  {
    name: 'timescaledb',
    url: 'https://github.com/timescale/timescaledb',
    commit: '4bf70ffa9b3b7f190139536c0482a300e52cd44a',
    suites: [{ paths: ['test/sql', 'tsl/test/sql', 'tsl/test/shared/sql'], files: sql, format: 'psql' }],
  },
  {
    name: 'postgis',
    url: 'https://github.com/postgis/postgis',
    commit: 'b2d575041cbbb33402ed52c90284e93e7c649248',
    suites: [
      {
        paths: ['regress/core', 'raster/test/regress', 'topology/test', 'sfcgal/regress'],
        files: sql,
        format: 'psql',
      },
    ],
  },
  {
    name: 'risingwave',
    url: 'https://github.com/risingwavelabs/risingwave',
    commit: '448c6570b1b9d636736708340f61a85900c2b7d7',
    suites: [{ paths: ['e2e_test'], files: /\.slt(?:\.part)?$/, format: 'sqllogictest' }],
  },
  {
    name: 'doltgresql',
    url: 'https://github.com/dolthub/doltgresql',
    commit: '95a47cc01880cefe51a30ab087ef0f861a4b08a0',
    suites: [
      { paths: ['testing/go'], files: /^testing\/go\/[^/]+_test\.go$/, format: 'go' },
      { paths: ['testing/go/regression/tests'], files: sql, format: 'psql' },
      { paths: ['testing/dumps/sql'], files: sql, format: 'psql' },
    ],
    first: ['tests/test_setup.sql', 'tests/create_misc.sql'],
  },
  {
    name: 'IvorySQL',
    url: 'https://github.com/IvorySQL/IvorySQL',
    commit: 'dae81eae9a90bc10b394aba23460af971eba2122',
    suites: [
      {
        paths: ['src/test/regress/sql', 'src/oracle_test/regress/sql', 'contrib', 'src/pl'],
        files: /\/sql\/[^/]+\.sql$/,
        format: 'psql',
      },
    ],
    first: ['src/test/regress/sql/test_setup.sql', 'src/test/regress/sql/create_misc.sql'],
  },
  {
    name: 'duckdb',
    url: 'https://github.com/duckdb/duckdb',
    commit: '044a04a7cd39e6e8235f756597ae42dde084e5e5',
    suites: [{ paths: ['test'], files: /\.test$/, format: 'sqllogictest' }],
  },
]

/**
 * Returns the projects of a list of names, separated by commas; without one, all of them.
 * @throws for a name that no project has.
 */
export function projectsNamed(list: string | undefined): readonly Project[] {
  if (list === undefined) return projects
  return list.split(',').map((name) => {
    const found = projects.find((project) => project.name === name)
    if (found === undefined) throw new Error(`There is no project "${name}"`)
    return found
  })
}
