import { known, type Facts, type FunctionFact } from '../facts.ts'
import type { Fault, Rule } from '../finding.ts'

const MOST_NAMED = 20

/** Names the first of many. */
export function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED
  return names.slice(0, MOST_NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function ofFunctions(
  finding: FunctionFact['finding'],
  describe: (signatures: readonly string[]) => Omit<Fault, 'node'>,
) {
  return ({ database }: Facts): readonly Fault[] => {
    const signatures = (known(database.functions) ?? [])
      .filter((fact) => fact.finding === finding)
      .map(({ signature }) => signature)
    return signatures.length === 0 ? [] : [describe(signatures)]
  }
}

/** Rules about what keeps statements on the primary. */
export const objectRules: readonly Rule[] = [
  {
    id: 'unlogged-tables',
    severity: 'warning',
    why: 'Their rows do not reach a standby, so every read of them stays on the primary.',
    docs: 'understand/catalog.md',
    check: ({ database }) => {
      const unlogged = (known(database.relations) ?? []).filter(({ isUnlogged }) => isUnlogged)
      if (unlogged.length === 0) return []
      return [
        {
          what: `Unlogged tables: ${listed(unlogged.map(({ spelled }) => spelled))}.`,
          fix: unlogged.map(({ spelled }) => `ALTER TABLE ${spelled} SET LOGGED;`).join('\n'),
        },
      ]
    },
  },
  {
    id: 'foreign-tables',
    severity: 'warning',
    why: 'Reading one runs code for another server, so it stays on the primary.',
    docs: 'understand/catalog.md',
    check: ({ database }) => {
      const foreign = (known(database.relations) ?? []).filter(({ kind }) => kind === 'foreign table')
      if (foreign.length === 0) return []
      return [
        {
          what: `Foreign tables: ${listed(foreign.map(({ spelled }) => spelled))}.`,
          fix:
            'If a replica may read them as well, declare it: declared: { relations: { ' +
            `'${foreign[0]?.spelled}': 'readOnly' } }. Or copy them into a materialized view.`,
        },
      ]
    },
  },
  {
    id: 'bound-relations',
    severity: 'notice',
    why: 'They reach something that is not proven to only read, through a view, a policy or an expression.',
    docs: 'understand/catalog.md',
    check: ({ database }) => {
      const bound = known(database.boundRelations) ?? []
      if (bound.length === 0) return []
      return [
        {
          what: `Reads of these stay on the primary: ${listed(bound)}.`,
          fix:
            'pg-switchyard classify --catalog URL "SELECT …" says which piece decides. Label the function ' +
            'STABLE, or declare the relation.',
        },
      ]
    },
  },
  {
    id: 'volatile-functions',
    severity: 'notice',
    why: 'A call of one keeps its statement on the primary, because nothing proves that it only reads.',
    docs: 'understand/catalog.md',
    check: ofFunctions('unproven', (signatures) => ({
      what: `VOLATILE functions that are not proven to read or to write: ${listed(signatures)}.`,
      fix:
        'Where one only reads, label it (ALTER FUNCTION … STABLE;) or declare it readOnly; where it ' +
        'writes, declare it primaryOnly (--declared FILE) to silence this.',
    })),
  },
  {
    id: 'function-label',
    severity: 'notice',
    why:
      'Their bodies are proven to read, so they run on replicas already. With the label, PostgreSQL can ' +
      'also use indexes with their results, and no proof is needed.',
    docs: 'understand/catalog.md',
    check: ofFunctions('deserves-stable', (signatures) => ({
      what: `VOLATILE functions that only read: ${listed(signatures)}.`,
      fix: signatures.map((signature) => `ALTER FUNCTION ${signature} STABLE;`).join('\n'),
    })),
  },
  {
    id: 'untrue-labels',
    severity: 'error',
    why: 'PostgreSQL takes the label for granted, and a standby refuses the call. The statement stays on the primary.',
    docs: 'understand/catalog.md',
    check: ofFunctions('label-untrue', (signatures) => ({
      what: `Functions labelled STABLE or IMMUTABLE that write: ${listed(signatures)}.`,
      fix: signatures.map((signature) => `ALTER FUNCTION ${signature} VOLATILE;`).join('\n'),
    })),
  },
]
