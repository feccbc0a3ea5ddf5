/**
 * Kind of a field of a node. It is a `fact` without effects or nodes `inside`. Or it is the number of a variable that
 * is the `target` of an assignment, or a list of such numbers.
 */
export type FieldKind = 'fact' | 'inside' | 'target' | 'targets'
export type Shape = Readonly<Record<string, FieldKind>>

const statement = { lineno: 'fact' } as const
const loop = { ...statement, label: 'fact', body: 'inside' } as const

/**
 * Nodes of PL/pgSQL that are harmless if what lies inside is, with all their fields. Other nodes are not proven:
 *
 * - EXECUTE in all its forms runs a text that is unknown in advance;
 * - CALL, COMMIT and ROLLBACK have no place in a read;
 * - OPEN leaves a cursor behind, and FETCH, MOVE and CLOSE may use one that other code has made: FETCH runs
 *   its query. FOR over a cursor makes and closes it.
 *
 * A handler of exceptions hides nothing: a standby never refuses a proven statement. It makes a subtransaction, which
 * takes a number of its own only for writing. A standby that cancels a query in one ends the connection.
 */
export const shapes: Readonly<Record<string, Shape>> = {
  PLpgSQL_function: {
    aliases: 'inside',
    datums: 'inside',
    action: 'inside',
    out_param_varno: 'fact',
    new_varno: 'fact',
    old_varno: 'fact',
  },
  PLpgSQL_alias: { ...statement, name: 'fact', varno: 'fact' },
  PLpgSQL_var: {
    ...statement,
    refname: 'fact',
    datatype: 'inside',
    isconst: 'fact',
    notnull: 'fact',
    default_val: 'inside',
    cursor_explicit_expr: 'inside',
    cursor_explicit_argrow: 'fact',
    cursor_options: 'fact',
  },
  PLpgSQL_rec: { ...statement, refname: 'fact', dno: 'fact', datatype: 'inside' },
  PLpgSQL_row: { ...statement, refname: 'fact', fields: 'targets' },
  PLpgSQL_recfield: { fieldname: 'fact', recparentno: 'fact' },

  PLpgSQL_stmt_block: { ...loop, exceptions: 'inside' },
  PLpgSQL_exception_block: { exc_list: 'inside' },
  PLpgSQL_exception: { ...statement, conditions: 'inside', action: 'inside' },
  PLpgSQL_condition: { condname: 'fact' },

  PLpgSQL_stmt_assign: { ...statement, varno: 'target', expr: 'inside' },
  PLpgSQL_stmt_perform: { ...statement, expr: 'inside' },
  PLpgSQL_stmt_execsql: { ...statement, sqlstmt: 'inside', into: 'fact', strict: 'fact', target: 'inside' },
  PLpgSQL_stmt_getdiag: { ...statement, is_stacked: 'fact', diag_items: 'inside' },
  PLpgSQL_diag_item: { kind: 'fact', target: 'target' },

  PLpgSQL_stmt_if: {
    ...statement,
    cond: 'inside',
    then_body: 'inside',
    elsif_list: 'inside',
    else_body: 'inside',
  },
  PLpgSQL_if_elsif: { ...statement, cond: 'inside', stmts: 'inside' },
  PLpgSQL_stmt_case: {
    ...statement,
    t_expr: 'inside',
    t_varno: 'fact',
    case_when_list: 'inside',
    have_else: 'fact',
    else_stmts: 'inside',
  },
  PLpgSQL_case_when: { ...statement, expr: 'inside', stmts: 'inside' },

  PLpgSQL_stmt_loop: loop,
  PLpgSQL_stmt_while: { ...loop, cond: 'inside' },
  PLpgSQL_stmt_fori: {
    ...loop,
    var: 'inside',
    lower: 'inside',
    upper: 'inside',
    step: 'inside',
    reverse: 'fact',
  },
  PLpgSQL_stmt_fors: { ...loop, var: 'inside', query: 'inside' },
  PLpgSQL_stmt_forc: { ...loop, var: 'inside', curvar: 'fact', argquery: 'inside' },
  PLpgSQL_stmt_foreach_a: { ...loop, varno: 'target', slice: 'fact', expr: 'inside' },
  PLpgSQL_stmt_exit: { ...statement, is_exit: 'fact', label: 'fact', cond: 'inside' },

  PLpgSQL_stmt_return: { ...statement, expr: 'inside', retvarno: 'fact' },
  PLpgSQL_stmt_return_next: { ...statement, expr: 'inside', retvarno: 'fact' },
  PLpgSQL_stmt_return_query: { ...statement, query: 'inside' },
  PLpgSQL_stmt_raise: {
    ...statement,
    elog_level: 'fact',
    condname: 'fact',
    message: 'fact',
    params: 'inside',
    options: 'inside',
  },
  PLpgSQL_raise_option: { opt_type: 'fact', expr: 'inside' },
  PLpgSQL_stmt_assert: { ...statement, cond: 'inside', message: 'inside' },
}
