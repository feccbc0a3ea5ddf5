import { builtinEffect } from './builtin-effects.ts'
import { builtinRelation } from './builtin-relations.ts'
import { builtinOperator, builtinType } from './builtin-types.ts'
import { FootprintGatherer } from './footprint-gatherer.ts'
import { EVERYTHING, type Footprint, type NamedUses } from './footprint.ts'
import type { QualifiedName } from './qualified-name.ts'
import { isTemporarySchema } from './temporary-schema.ts'

/**
 * Returns the footprint of a text, with each relation of a user taken for an ordinary table. Such a table has no
 * triggers, foreign keys, children or other dependencies.
 */
export function textOnlyFootprint(uses: NamedUses): Footprint {
  const { functions, relations, operators, types, targets } = uses
  if (targets === undefined || !operators.every(builtinOperator) || !types.every(builtinType)) {
    return EVERYTHING
  }
  const found = new FootprintGatherer()
  for (const { schema, name } of functions) {
    const isSystems = schema === undefined || schema === 'pg_catalog'
    found.addEffect((isSystems ? builtinEffect(name) : undefined) ?? 'everything')
  }
  for (const name of relations) {
    if (isSystemRelation(name)) found.shows.addEverything()
    else found.shows.add(bare(name))
  }
  for (const name of targets) {
    if (isSystemRelation(name)) return EVERYTHING
    found.addChange(bare(name))
  }
  return found.footprint
}

/** Of temporary relations a text tells nothing. */
function isSystemRelation(name: QualifiedName): boolean {
  return (
    name.schema === 'information_schema' ||
    name.schema === 'pg_catalog' ||
    isTemporarySchema(name) ||
    builtinRelation(name) !== undefined
  )
}

function bare({ schema, name }: QualifiedName): QualifiedName {
  return schema === undefined ? { name } : { schema, name }
}
