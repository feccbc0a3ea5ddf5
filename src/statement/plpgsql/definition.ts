import type { PlPgSqlBody } from '../../catalog/catalog.ts'

/** The statement that creates a function, its body quoted so that nothing inside can end it. */
export function definitionOf({ head, text }: PlPgSqlBody): string {
  let tag = '$body'
  // Without its second dollar sign, since what closes the tag may be the first one behind the body's own end.
  while (text.includes(tag)) tag += '_'
  return `${head} AS ${tag}$${text}${tag}$`
}
