import type { NodeRule, NodeRules } from '../walk.ts'

const leaf: NodeRule = () => {}

const walkThrough: NodeRule = (node, walk) => walk.visit(node)

function all(tags: readonly string[], rule: NodeRule): NodeRules {
  return Object.fromEntries(tags.map((tag) => [tag, rule]))
}

/** Nodes that mean nothing by themselves. A node that is neither here nor in another table makes a text a write. */
export const expressionRules: NodeRules = {
  ...all(
    [
      'A_Const',
      'A_Star',
      'Alias',
      'BitString',
      'Boolean',
      'Float',
      'Integer',
      'JsonTablePathSpec',
      'ParamRef',
      'SQLValueFunction',
      'String',
    ],
    leaf,
  ),
  ...all(
    [
      'A_ArrayExpr',
      'A_Indices',
      'BooleanTest',
      'BoolExpr',
      'CaseWhen',
      'CoalesceExpr',
      'CollateClause',
      'ColumnDef',
      'GroupingFunc',
      'GroupingSet',
      'List',
      'MinMaxExpr',
      'NamedArgExpr',
      'NullTest',
      'RangeFunction',
      'RangeSubselect',
      'RangeTableFunc',
      'RangeTableFuncCol',
      'ResTarget',
      'RowExpr',
      'TypeCast',
      'WindowDef',
      'XmlExpr',
      'XmlSerialize',
    ],
    walkThrough,
  ),
  // SQL/JSON
  ...all(
    [
      'JsonArgument',
      'JsonArrayAgg',
      'JsonArrayConstructor',
      'JsonArrayQueryConstructor',
      'JsonBehavior',
      'JsonFormat',
      'JsonFuncExpr',
      'JsonIsPredicate',
      'JsonKeyValue',
      'JsonObjectAgg',
      'JsonObjectConstructor',
      'JsonOutput',
      'JsonParseExpr',
      'JsonScalarExpr',
      'JsonSerializeExpr',
      'JsonTable',
      'JsonTableColumn',
      'JsonValueExpr',
    ],
    walkThrough,
  ),
}
