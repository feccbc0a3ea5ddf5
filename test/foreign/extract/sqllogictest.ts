import type { ForeignStatement } from './script.ts'

/** Extracts the statements of a sqllogictest file: what stands between `statement …` or `query …` and its result. */
export function fromSqllogictest(text: string): readonly ForeignStatement[] {
  const statements: ForeignStatement[] = []
  let record: string[] | undefined
  const end = (): void => {
    const sql = record?.join('\n').trim().replace(/;$/, '') ?? ''
    if (sql !== '') statements.push({ sql })
    record = undefined
  }
  let isResult = false
  for (const line of text.split(/\r?\n/)) {
    const isEmpty = line.trim() === ''
    if (isResult) {
      isResult = !isEmpty
      continue
    }
    if (record === undefined) {
      if (/^(?:statement|query)\b/.test(line)) record = []
      continue
    }
    if (isEmpty || line.startsWith('----')) {
      isResult = !isEmpty
      end()
    } else {
      record.push(line)
    }
  }
  end()
  return statements
}
